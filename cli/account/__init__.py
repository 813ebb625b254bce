"""What `make deploy` looks up and prepares in an account, before and after the CDK works."""
