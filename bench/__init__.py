"""Benchmarks of speed and memory: each figure is a ratio or a peak, measured in one run. See README.md."""
