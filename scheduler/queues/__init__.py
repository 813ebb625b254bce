"""Job queues: in which order jobs start, and why the head of a queue waits."""
