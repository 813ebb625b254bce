"""The wall clock: attempts as processes or containers of this machine."""
