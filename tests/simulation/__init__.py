"""Deterministic simulation: real flow, outbox, gate and log, under a scheduler that one seed drives.

python -m tests.simulation --seeds 10000 --processes 2     many histories
python -m tests.simulation --seed 4711                     one of them, told step by step
"""
