"""How fast, and in how much memory: each figure a ratio, or a peak, measured in one run. See README.md."""
