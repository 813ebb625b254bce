"""The HTTPS address of a pipeline with a Webhook trigger: its function, its secret and their rotation."""
