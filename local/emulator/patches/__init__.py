"""What ministack has and does otherwise than AWS, mended; each module says what."""
