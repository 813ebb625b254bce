"""Runs that wait for their turn: at most so many of one key at a time, in the order of their arrival."""
