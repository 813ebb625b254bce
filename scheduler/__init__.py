"""AWS Batch's rules as a pure core over a clock."""
