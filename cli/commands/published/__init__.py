"""Shows what runs have published, and checks it."""
