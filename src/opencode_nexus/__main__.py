# SPDX-License-Identifier: MIT
"""`python -m opencode_nexus`: the same as the command `opencode-nexus`."""

from opencode_nexus.cli.main import main

if __name__ == "__main__":
    main()
