# SPDX-License-Identifier: MIT
"""Cloudflare's side as a process of its own: python -m tests.edge FOLDER

Prints one line of JSON when it listens: `environ`, what a hub needs in its environment for its tunnels to come here;
`front`, host:port of the front; `flags`, what a Chromium needs to visit. It ends with its standard input.
"""

import json
import sys
from pathlib import Path

from tests.edge.edge import Edge
from tests.edge.visitor import browser_flags

if __name__ == "__main__":
    with Edge(Path(sys.argv[1])) as edge:
        told = {"environ": edge.environ, "front": edge.front, "flags": browser_flags(edge)}
        print(json.dumps(told), flush=True)
        sys.stdin.read()
