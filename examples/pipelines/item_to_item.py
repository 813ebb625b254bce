"""Who likes this also likes: for every item of an uploaded CSV of ratings, the items that the same users
rated alike.
"""

from sluice import Array, Job, Pipeline, Plan, S3Upload

pipeline = Pipeline(
    name="item-to-item",
    triggers=[S3Upload(prefix="ratings/", suffix=".csv")],
    steps=[
        Plan("find", run="find", memory=1024),  # the items
        Array(
            "compare", run="compare", items_of="find", items_per_child=20
        ),  # each with the items behind it in the alphabet
        Plan(
            "share", run="share", after=["compare"], memory=1024
        ),  # what was found decides how many jobs aggregate it
        Array("aggregate", run="aggregate", items_of="share", memory=1024),
        Job("publish", run="publish", after=["aggregate"], memory=1024),
    ],
)
