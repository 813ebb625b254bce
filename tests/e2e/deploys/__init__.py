"""A deploy after a deploy, and two deployments beside each other."""
