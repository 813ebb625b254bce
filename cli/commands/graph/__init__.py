"""`sluice graph`: draws a pipeline."""
