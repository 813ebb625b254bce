"""Lists runs and finds one: by time, pipeline, state, input and label, from an index of the ledger."""
