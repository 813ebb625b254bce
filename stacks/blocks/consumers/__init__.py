"""The queue consumers: Lambda functions behind queues, and the rules and topics that fill those queues."""
