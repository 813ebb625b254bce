"""What ministack lacks."""
