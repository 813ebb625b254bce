"""The items of a plan: their manifest in S3, and the slice of each child."""
