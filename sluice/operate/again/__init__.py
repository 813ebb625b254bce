"""Runs something again: a run from its beginning, what failed of it, with the code of then or of now, or many
runs at a time.
"""
