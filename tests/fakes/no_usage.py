# SPDX-License-Identifier: MIT
"""Usage and budgets of chats in which nothing was answered, for pages without a store."""

from opencode_nexus.chat.usage.usage import Fill
from opencode_nexus.store.usage import Sums


class NoUsage:
    """`chat.usage.TokenUsage` that was told nothing."""

    def fill(self, session_id: str) -> Fill:
        return Fill()

    def spent(self, session_id: str) -> Sums:
        return Sums()


class NoBudgets:
    """`chat.budgets.Budgets` without a budget."""

    def sentence(self, server_id: str, session_id: str) -> str:
        return ""
