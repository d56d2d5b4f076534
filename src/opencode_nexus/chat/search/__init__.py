# SPDX-License-Identifier: MIT
"""Search over all that was said: `search` answers, `index` holds the words, `reader` and `rebuild` bring them in."""
