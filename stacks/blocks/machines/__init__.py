"""Where jobs run: the network, the compute environments in it, and the job queues."""
