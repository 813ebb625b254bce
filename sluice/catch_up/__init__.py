"""Scheduled times that were missed become runs: those before the first deploy, and those whose events never
came.
"""
