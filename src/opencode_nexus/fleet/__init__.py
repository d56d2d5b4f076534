# SPDX-License-Identifier: MIT
"""Runs the OpenCode servers and keeps what is wanted and what is there in step.

Glossary
    server      one OpenCode process with its tools; it serves one or more projects
    project     a folder that is opened on a server; requests name theirs
    spec        what is wanted of a server (`spec`), kept in the database
    run         one life of a server's process, from spawn until the last of its processes is gone
    state       what is seen (`state`): stopped, starting, running, stopping or failed
    mark        OPENCODE_NEXUS_MARK in the environment of a run's whole process tree: `home:server:start`
    edit        a change of the spec; what a process is started with applies after its next start
    gate        lets so many servers start at once, the others in their order
    recycle     restart a server as soon as no agent works on it, to give its memory back
    adopt       take up a process that an earlier hub of this home started
    leftover    a process with a mark of this home whose server is gone; it is ended
    shield      our OpenCode plugin that keeps the server's password from its tools
    host        where processes run (`hosts.local`: this machine)

Neighbours: `processes` knows single processes and trees; `store.servers` keeps specs and runs; `secrets` keeps the
passwords; `install` says which program to run; `chat` talks to running servers with `Fleet.access`.
"""
