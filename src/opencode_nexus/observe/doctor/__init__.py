# SPDX-License-Identifier: MIT
"""The doctor: looks at everything that people find broken, says what it is, and mends what it can.

Glossary
    check      one row of the table: an id, a title, a look, and perhaps a fix
    look       finds out how it is and changes nothing
    finding    what a look gave: pass, warn, fail or unknown, the reason, and what to do
    does       what the fix would do, a line each; shown before it is done, and empty when there is nothing to mend
    around     what the checks look at: the home folder, the database, and what the hub's services tell
    here       this process is the hub; "none": no hub runs; "elsewhere": another process holds the home folder
"""
