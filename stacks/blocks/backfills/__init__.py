"""The pipelines that Sluice adds for backfills: what their jobs may do."""
