# SPDX-License-Identifier: MIT
"""An MCP server that takes as much memory as the file named by its argument says, in MB; it takes the file away."""

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

held: list[bytearray] = []


def grow(wish: Path) -> None:
    while True:
        time.sleep(0.1)
        if wish.exists():
            amount = int(wish.read_text())
            held.append(bytearray(os.urandom(1_000_000)) * amount)
            wish.unlink()


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    match asked["method"]:
        case "initialize":
            version = asked["params"]["protocolVersion"]
            return {
                "protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": {"name": "hog", "version": "1"}
            }  # fmt: skip
        case "tools/list":
            return {"tools": []}
        case _:
            return {}


threading.Thread(target=grow, args=(Path(sys.argv[1]),), daemon=True).start()
for line in sys.stdin:
    told = json.loads(line)
    if "id" in told and "method" in told:
        print(json.dumps({"jsonrpc": "2.0", "id": told["id"], "result": answer(told)}), flush=True)
