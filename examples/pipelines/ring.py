"""Nodes that start together, exchange messages over their addresses and agree on a sum: a multi-node parallel
job.
"""

from sluice import Job, Manual, MultiNode, Pipeline

pipeline = Pipeline(
    name="ring",
    triggers=[Manual()],
    steps=[
        MultiNode("ring", run="ring", nodes=4, memory=512, timeout=1800),  # four machines, one job
        Job("publish", run="publish", memory=512, after=["ring"]),
    ],
    only_with="nat",  # a NAT gateway costs by the hour: deploy with SLUICE_NAT=true to have this pipeline
)
