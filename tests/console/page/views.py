"""Every view of the page with an address, over the made-up data."""

VIEWS = {
    "now": "/",
    "runs": "/runs?pipeline=flights",
    "graph": "/runs/broken-0?step=work",
    "large-graph": "/runs/huge-0",
    "children": "/runs/broken-0/steps/work?of=children&child=17",
    "items": "/runs/wide-0/steps/work",
    "failures": "/runs/broken-0/failures",
    "why": "/runs/stuck-0/why",
    "logs": "/runs/broken-0/logs?step=work&child=17",
    "results": "/runs/flights-2/results?file=counts.csv",
    "timeline": "/runs/broken-0/timeline",
    "input": "/runs/broken-0/input",
    "start": "/start",
    "form": "/start/flights?again=flights-2",
    "map": "/map?pipeline=wide",
    "compare": "/compare?a=flights-1&b=flights-3",
    "trends": "/trends/flights",
    "uploads": "/uploads",
    "queues": "/queues",
    "alerts": "/alerts",
    "doctor": "/doctor",
}
ON_A_PHONE = ("now", "graph", "logs", "form")
"""Those with a picture of it."""
USED_ON_A_PHONE = (*ON_A_PHONE, "large-graph", "children", "items", "failures", "why", "map", "compare")
