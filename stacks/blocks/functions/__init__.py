"""What every Lambda function has: its code, its role and its log group."""
