# SPDX-License-Identifier: MIT
"""Faults in the middle of a streaming turn, on the real programs.

The measure is always the same: nothing that was said is lost or doubled, and the page tells the truth. `scenarios` has
one function a fault; `test_mid_stream` runs each at three seeded moments, `soak` at as many as it is told to.
"""
