# SPDX-License-Identifier: MIT
"""Finds the OpenCode program on this machine, checks it, and brings one when there is none.

Glossary
    program      the platform's own executable (ELF, Mach-O or PE), never a script that starts it
    launcher     a script or shim on PATH that ends in starting the program
    candidate    a path that looks like OpenCode and was not yet run
    checked      a program that was run with `--version` and answered within the tested range
    choice       what the set-up stored: a path, or "the copy we brought"
    bring        fetch a copy into the home folder, by npm or from the release page
    job          one such fetch: one at a time, with progress, can be cancelled
    platform     the name a build is published under, such as linux-x64-baseline-musl
    .part        an unfinished download, kept so that the next try goes on where it stopped
    tarball      the one file of a build as npm's registry holds it; fetched by us, installed by npm
    orphan       an npm whose hub was killed; its mark says whose it was

Neighbours: `fleet` runs what `Installer.binary` returns; `setup` leads a person through the choice;
`processes` ends the npm of a hub that was killed.
"""
