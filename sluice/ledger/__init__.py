"""The DynamoDB table that holds runs, steps and submissions."""
