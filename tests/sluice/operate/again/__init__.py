"""Tests of what is run again."""
