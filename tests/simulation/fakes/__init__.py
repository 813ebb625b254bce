"""DynamoDB and AWS Batch as weak as they are."""
