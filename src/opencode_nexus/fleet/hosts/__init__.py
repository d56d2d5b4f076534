# SPDX-License-Identifier: MIT
"""Where server processes run.

Glossary
    local   this machine; processes are started directly and reached on 127.0.0.1
"""
