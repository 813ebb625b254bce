"""Reads runs: lists them, finds one by a part of its id, reads its steps, follows it, reads its results."""
