"""AWS on this machine: the emulator, the Batch engine, the deploy."""
