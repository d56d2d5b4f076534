# SPDX-License-Identifier: MIT
"""Speed, measured as a user feels it, always beside OpenCode's own web page in the same run.

subject    what is measured: OpenCode's page (`opencode_page`) or Nexus (`nexus`), each a server and a page
folders    an isolated home, project and OpenCode configuration for one subject
process    a started process tree, and its CPU and memory from the kernel
provider   a scripted model provider that stamps each delta with the time it was written
tab        a fresh browser tab with counters for bytes, tasks and memory
noise      how much others used the machine meanwhile: over 0.5 of a core, distrust the figure
measures   startup, load, long, stream, viewers: one question each
results    every single figure, kept as JSON
report     medians as one table, with the budgets
"""
