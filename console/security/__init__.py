"""Who may ask: sessions, one-time tokens, and what is refused before anything else."""
