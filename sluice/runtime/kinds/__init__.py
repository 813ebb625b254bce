"""What each kind of job does: plan, work (a child of an array), aggregate, multi-node, cleanup and gate."""
