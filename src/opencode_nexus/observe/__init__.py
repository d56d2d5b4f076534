# SPDX-License-Identifier: MIT
"""What is measured, on this machine, now.

Glossary
    machine   the whole computer: processor, memory, and the disk that holds the home folder
    usage     what one server's whole process tree takes: OpenCode, its tools, their children
    watch     somebody looks: measure every 2 seconds instead of every 10
"""
