# SPDX-License-Identifier: MIT
"""A password in a file, for commands that nobody sits at."""

import sys
from pathlib import Path

from opencode_nexus.cli.errors import PasswordUnread


def password_in(file: Path) -> str:
    """Return the first line of `file` (- is standard input); raises PasswordUnread with plain words."""
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text("utf-8")
    except FileNotFoundError as error:
        raise PasswordUnread(f"There is no file {file}.", hint=_HINT) from error
    except UnicodeDecodeError as error:
        raise PasswordUnread(f"{file} is not a text file in UTF-8.", hint=_HINT) from error
    except OSError as error:
        raise PasswordUnread(f"{file}: {error.strerror or type(error).__name__}.", hint=_HINT) from error
    return text.partition("\n")[0].rstrip("\r")


_HINT = "Name a text file whose first line is the password, or - for standard input: --password-file."
