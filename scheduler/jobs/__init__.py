"""Jobs and their states: what waits for what, and what an end means for those that wait."""
