# SPDX-License-Identifier: MIT
"""The command `opencode-nexus`, one file a command group.

Glossary
    main      the table of commands; each group is imported only when it is used
    serve     runs the hub in the foreground
    client    how a command talks to the running hub: over its API, with the key in the home folder's hub.json
    table     rows on a terminal, or JSON with --json
    complain  an error on stderr: title, detail, and what to do

Exit status: 0 done, 1 failed, 2 wrong usage.
"""
