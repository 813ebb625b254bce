"""The shell around the decision: it reads the ledger and AWS Batch, and submits what is ready."""
