"""What lets graphs of thousands of steps fit into CloudFormation's limits."""
