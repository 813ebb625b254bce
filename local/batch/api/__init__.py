"""AWS Batch's API over the scheduler."""
