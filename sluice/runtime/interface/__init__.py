"""What a step function is given. Step code imports these names from ``sluice.steps``."""
