"""Measurements: each figure is paired with a limit or a peer in the same run, and told as a ratio."""
