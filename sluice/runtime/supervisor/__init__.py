"""The supervisor: the first process of a job. It writes what the worker finishes, and says whether the work
was done. See docs/decisions/0022-success-is-proven.md.
"""
