"""Checks of one step: its program, its items, its machine, and which failures it tolerates."""
