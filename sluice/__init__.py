"""The vocabulary that every part of Sluice shares: pipelines, submission, manifests, the ledger, keys,
messages, settings, errors.

Imports no aws_cdk and no powertools. ``pipeline``, ``validation`` and ``compiling`` need pydantic and are
used when the app is synthesised; everything that a Lambda or a job imports needs the standard library, and
botocore where it calls AWS.
"""
