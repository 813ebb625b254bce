"""The console on a cloud that enforces IAM."""
