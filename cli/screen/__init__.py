"""What a person sees of runs under way: a table that fits the terminal, lines elsewhere, and how it ended."""
