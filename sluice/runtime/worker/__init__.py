"""The worker: the process that runs the user's function, and what it tells its supervisor."""
