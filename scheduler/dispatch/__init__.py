"""From RUNNABLE to the end of an attempt."""
