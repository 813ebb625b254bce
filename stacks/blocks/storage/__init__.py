"""Where data lives: the buckets and the table of the ledger."""
