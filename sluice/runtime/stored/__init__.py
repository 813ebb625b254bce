"""What jobs left in the work bucket: results by parts, what is missing, what failed."""
