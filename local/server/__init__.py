"""The process of a local cloud: how it starts, what it serves, how it ends."""
