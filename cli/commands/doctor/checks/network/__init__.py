"""Checks of what is reached from where: subnets, and public addresses."""
