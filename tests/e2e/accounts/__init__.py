"""Whole paths between two accounts."""
