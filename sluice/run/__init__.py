"""What decides about a run. Pure: nothing here calls AWS, and nothing imports botocore."""
