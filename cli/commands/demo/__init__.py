"""`sluice demo`: real files, their results, and the same figures computed in another way."""
