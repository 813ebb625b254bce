"""Sets of files: one run when all files of a partition key have come."""
