"""Reads what people watch: a run's graph, its children, why it waits, and when it did what."""
