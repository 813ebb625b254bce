"""What starts a run: its event, how it is read, and the command that starts the run again."""
