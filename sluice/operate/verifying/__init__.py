"""Checks folders of results against their receipts, in S3 and on disk."""
