"""Starts runs: uploads files for a trigger, or sends a request, with files or without."""
