# SPDX-License-Identifier: MIT
"""An isolated HOME, XDG tree and git project for one subject."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

BASE_FOLDERS = {
    "HOME": "home",
    "XDG_CONFIG_HOME": "config",
    "XDG_DATA_HOME": "data",
    "XDG_STATE_HOME": "state",
    "XDG_CACHE_HOME": "cache",
    "TMPDIR": "tmp",
}
MODEL = "bench/fake"


def opencode_config(provider_url: str) -> dict[str, Any]:
    """The OpenCode configuration that both subjects get: the scripted provider, and one agent that asks."""
    model = {"name": "Fake", "limit": {"context": 100_000_000, "output": 1_000_000}}
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "Bench",
        "options": {"baseURL": f"{provider_url}/v1", "apiKey": "not-a-secret"},
        "models": {"fake": model},
    }
    return {
        "$schema": "https://opencode.ai/config.json",
        "autoupdate": False,
        "share": "disabled",
        "model": MODEL,
        "small_model": MODEL,
        "enabled_providers": ["bench"],
        "permission": {"*": "allow"},
        "subagent_depth": 3,  # 1 unless told otherwise
        "agent": {
            "digger": {
                "description": "Digs deeper.",
                "mode": "subagent",
                "prompt": "You dig.",
                "tools": {"task": True},
                "permission": {"task": "allow", "bash": {"*": "allow", "touch *": "ask"}},
            }
        },
        "provider": {"bench": provider},
    }


# httpcore2 loads h2 when it is there, 1.4 MB; tests/edge needs it, and no installed hub has it.
NO_H2 = 'raise ImportError("not here where the hub is installed")\n'


class Folders:
    """The folders of one subject below `root`; the configuration lies in the project, where both read it."""

    def __init__(self, root: Path, provider_url: str) -> None:
        self.root = root
        self.project = root / "project"
        for name in (*BASE_FOLDERS.values(), "project"):
            (root / name).mkdir(parents=True, exist_ok=True)
        (root / "python").mkdir(exist_ok=True)
        (root / "python" / "h2.py").write_text(NO_H2)
        (self.project / "opencode.json").write_text(json.dumps(opencode_config(provider_url), indent=1))
        if not (self.project / ".git").is_dir():
            git = ["git", "-c", "user.name=bench", "-c", "user.email=bench@localhost"]
            subprocess.run([*git, "init", "-q", "."], cwd=self.project, check=True)
            subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "start"], cwd=self.project, check=True)

    def environ(self, **extra: str) -> dict[str, str]:
        """Our own environment with every base folder moved, no OpenCode setting left, and `extra`."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("OPENCODE")}
        moved = {name: str(self.root / below) for name, below in BASE_FOLDERS.items()}
        quiet = {
            "OPENCODE_DISABLE_AUTOUPDATE": "1",
            "OPENCODE_DISABLE_MODELS_FETCH": "1",
            "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
        }
        path = os.pathsep.join(filter(None, (str(self.root / "python"), os.environ.get("PYTHONPATH"))))
        return {**kept, **moved, **quiet, "PYTHONPATH": path, **extra}
