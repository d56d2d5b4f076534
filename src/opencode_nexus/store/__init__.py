# SPDX-License-Identifier: MIT
"""What the hub must not forget: one SQLite file, and one module for each noun kept in it.

Glossary
    database    the file, its one writer thread and its readers (`db`)
    migration   a numbered .sql file that brings the file from one shape to the next (`migrate`)
    post        a write that nobody waits for; it joins the next transaction, 50 ms later at most
"""
