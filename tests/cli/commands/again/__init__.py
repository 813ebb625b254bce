"""Tests of `sluice rerun`, and of many runs at a time."""
