"""Checks of the machines that jobs run on, and of the images that they run."""
