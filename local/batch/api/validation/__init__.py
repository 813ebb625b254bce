"""What AWS Batch refuses."""
