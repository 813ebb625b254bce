"""The real AWS CDK against a local cloud: synth, bootstrap, deploy."""
