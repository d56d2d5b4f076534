# SPDX-License-Identifier: MIT
"""What goes into the API and comes out of it. Times are epoch seconds, durations seconds, sizes bytes."""
