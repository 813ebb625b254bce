"""What ministack's DynamoDB does otherwise than AWS, mended."""
