"""Checks of the buckets that files come from and results go to, and of what no event has brought."""
