"""Fits models over a grid of parameters; what the fits find decides how many families are summed up."""

from sluice import Array, Job, Manual, Pipeline, Plan

pipeline = Pipeline(
    name="sweep",
    triggers=[Manual()],
    steps=[
        Plan("grid", run="grid"),
        Array("fit", run="fit", items_of="grid", items_per_child=3),
        Plan("families", run="families", after=["fit"]),
        Array("summarise", run="summarise", items_of="families"),
        Job("best", run="best", after=["summarise"]),
    ],
)
