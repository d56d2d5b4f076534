# SPDX-License-Identifier: MIT
"""What sessions take: tokens and cost (`usage`, read again after a gap by `catch_up`), and limits on it (`budgets`)."""
