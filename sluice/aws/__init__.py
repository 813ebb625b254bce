"""The calls to AWS: light clients, the table, streams, and which errors pass."""
