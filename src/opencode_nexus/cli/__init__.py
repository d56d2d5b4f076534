# SPDX-License-Identifier: MIT
"""The command `opencode-nexus`, one file a command group.

Glossary
    main      a plain start of the hub at once, anything else through the table of commands
    plain     the words of such a start, read without typer, which would stay in memory with the hub
    commands  the table; each group is imported only when it is used
    serve     the flags of the start, and their help
    client    how a command talks to the running hub: over its API, with the key in the home folder's hub.json
    table     rows on a terminal, or JSON with --json
    complain  an error on stderr: title, detail, and what to do

Exit status: 0 done, 1 failed, 2 wrong usage.
"""
