"""What ministack lacks; each module says what."""
