"""Buckets that are not Sluice's own, and whose files start runs."""
