"""Tests of sluice/run/failures."""
