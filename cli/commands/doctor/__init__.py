"""`sluice doctor`: checks the account and what is deployed."""
