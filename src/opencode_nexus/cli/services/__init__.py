# SPDX-License-Identifier: MIT
"""The system's own service managers: what starts the hub with the machine and again when it ended badly.

Words used here:

- *unit*: what is to be run, in words of our own (`unit`); each manager writes it in its own file.
- *manager*: systemd (`systemd`), launchd (`launchd`) or Windows' task scheduler (`task_scheduler`).
- *runner*: runs one of the manager's commands; tests hand in one that only writes down.

Under all of them a stop of the hub ends the hub alone: what OpenCode works on is the hub's own business (`on_stop`).
"""
