# SPDX-License-Identifier: MIT
"""Stand-ins that tests run against.

- `provider`: a scripted OpenAI-compatible model, its own process, with its own log of what it said;
- `fake_opencode`: a server that plays OpenCode's recorded answers, quick and with faults on demand;
- `real`: starts the provider and a real OpenCode against it, and ends both.
"""
