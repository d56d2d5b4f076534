# SPDX-License-Identifier: MIT
"""How each tool's calls are shown: one file a tool or a few that are alike, and `views` that knows which is whose.

`call` is one call as its view reads it, `pieces` what several of them show (code, output, a picture).
"""
