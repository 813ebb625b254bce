"""Removing Sluice from an account: its stacks, and what outlives them."""
