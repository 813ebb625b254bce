"""What starts a run: its event, how it is read from where it came, and how it is made to happen again."""
