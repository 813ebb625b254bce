"""Reads logs: finds the job of a step, of a child or of a node, and the lines that it has logged."""
