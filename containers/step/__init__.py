"""Deprecated: what every image has is ``sluice.runtime``. Dockerfiles and steps of before find it here."""
