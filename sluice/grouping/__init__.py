"""Uploads that are gathered into one run."""
