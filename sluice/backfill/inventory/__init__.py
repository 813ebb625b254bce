"""Objects that an S3 Inventory report names, instead of a listing."""
