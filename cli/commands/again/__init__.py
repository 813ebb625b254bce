"""`sluice rerun`, and what it has in common with `sluice retry`: many runs at a time."""
