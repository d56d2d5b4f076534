# SPDX-License-Identifier: MIT
"""The inbox: what waits for a person, on all servers, and how it was answered.

`waiting` reads it from what OpenCode says, `watch` keeps the `book` of rows in step with it, the `desk` answers, by
itself where a *rule* (`rules`) or *accepting* (`accepting`) says so (`unasked`); `turns` adds what failed, was
stopped by a budget, or finished.
"""
