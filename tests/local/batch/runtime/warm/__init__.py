"""Tests of warm parents."""
