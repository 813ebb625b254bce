"""What must hold in the end of a simulation."""
