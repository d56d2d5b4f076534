# SPDX-License-Identifier: MIT
"""A password or token in a file, or from standard input: on a command line every user of the machine could read it."""

import sys
from getpass import getpass
from pathlib import Path

from opencode_nexus.cli.errors import PasswordUnread, TokenUnread
from opencode_nexus.core.errors import BadRequest


def first_line(file: Path, unread: type[BadRequest], hint: str) -> str:
    """Return the first line of `file` (- is standard input); raises `unread` with plain words."""
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text("utf-8")
    except FileNotFoundError as error:
        raise unread(f"There is no file {file}.", hint=hint) from error
    except UnicodeDecodeError as error:
        raise unread(f"{file} is not a text file in UTF-8.", hint=hint) from error
    except OSError as error:
        raise unread(f"{file}: {error.strerror or type(error).__name__}.", hint=hint) from error
    return text.partition("\n")[0].rstrip("\r")


def password_in(file: Path) -> str:
    """Return the password in `file`; raises PasswordUnread."""
    hint = "Name a text file whose first line is the password, or - for standard input: --password-file."
    return first_line(file, PasswordUnread, hint)


def token_in(file: Path | None, asking: str, unread: type[BadRequest] = TokenUnread) -> str:
    """Return the token in `file`, without one as it is pasted at the terminal, which is asked for it; raises
    `unread`.
    """
    if file is not None:
        token = first_line(file, unread, unread.hint).strip()
    elif sys.stdin.isatty():
        token = getpass(f"{asking} (it is not shown): ").strip()
    else:
        raise unread("There is no terminal to ask at.")
    if not token:
        raise unread("It is empty.")
    return token
