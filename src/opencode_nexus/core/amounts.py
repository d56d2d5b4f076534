# SPDX-License-Identifier: MIT
"""Amounts of money as people read them."""


def dollars(amount: float) -> str:
    """US dollars in cents, such as "$4.10", and with more digits where cents would say nothing, such as "$0.0042"."""
    if amount >= 0.1 or round(amount, 2) == amount:
        return f"${amount:,.2f}"
    return f"${amount:.4f}" if amount >= 0.0001 else "less than $0.0001"
