"""The checks of `sluice doctor`, one small function for each thing; every check yields findings."""
