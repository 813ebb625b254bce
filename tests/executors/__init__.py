"""Other projects' executors for AWS Batch, unchanged, against the local cloud."""
