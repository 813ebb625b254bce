"""Objects that exist already become runs, through the same idempotency records as their events."""
