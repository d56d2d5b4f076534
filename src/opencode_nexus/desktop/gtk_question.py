# SPDX-License-Identifier: MIT
"""A question with two answers, on GTK.

pywebview 6.2 shows its text alone, without what is asked, and leaves it behind when its window goes: a program that was
told to end then waited for the answer for ever (both measured).
"""

from collections.abc import Callable
from typing import Any


def question(gtk: Any) -> Callable[..., bool]:
    """Return what takes the place of `BrowserView.create_confirmation_dialog`."""

    def ask(view: Any, title: str, text: str) -> bool:
        dialog = gtk.MessageDialog(
            transient_for=view.window, modal=True, destroy_with_parent=True,
            message_type=gtk.MessageType.QUESTION, buttons=gtk.ButtonsType.OK_CANCEL,
            text=title, secondary_text=text,
        )  # fmt: skip
        said = dialog.run()
        dialog.destroy()
        return bool(said == gtk.ResponseType.OK)

    return ask
