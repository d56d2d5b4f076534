# SPDX-License-Identifier: MIT
"""Single processes, their trees, their output, and when to start them again. Knows nothing of OpenCode.

Glossary
    identity    process id and start time: the id alone may be another process's by now
    process     one that we started, or one found again by its identity
    tree        a process, its descendants, and those that left it but carry its mark
    mark        a value in the environment, by which a process that was reparented is still known as ours
    crash       an end that nobody asked for
    back-off    the growing pause before the next start, and giving up

Neighbours: `fleet` uses all of it; `store.servers` keeps identities, so that a later hub finds the processes again.
"""
