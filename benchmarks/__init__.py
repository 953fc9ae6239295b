"""Benchmarks: ours against named references, in one run, as ratios."""
