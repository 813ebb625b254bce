"""Writes a run as one HTML file that needs nothing else, now or in ten years. Pure."""
