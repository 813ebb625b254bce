"""Failed items of a step: how many there are, how many may be, and what repeats them elsewhere. Pure."""
