"""Checks of the account itself: what it has set up, and its quotas."""
