"""Warm parents: a process for each image that has imported what its jobs import, and forks a ready child for
each attempt. See docs/decisions/0034-warm-parents.md.
"""
