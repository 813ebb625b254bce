"""What starts a pipeline: its published definition, and the rules and schedules that name it."""
