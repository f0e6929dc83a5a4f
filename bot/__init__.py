"""Legs Up: legs up the wall after a run or before bed, led step by step."""
