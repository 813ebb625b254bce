"""What ministack has and does otherwise than AWS."""
