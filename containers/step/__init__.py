"""Deprecated: what every image has is ``sluice.runtime``. Older Dockerfiles and steps find it here."""
