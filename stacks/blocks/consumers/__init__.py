"""The Lambda functions that work off queues, and what fills those queues for the whole app."""
