"""Makes a thumbnail and a mirrored copy of every picture."""

from sluice import Array, Job, Pipeline, Plan, S3Upload

pipeline = Pipeline(
    name="thumbnails",
    triggers=[S3Upload(prefix="pictures/", suffix=".png")],
    steps=[
        Plan("sizes", run="sizes"),
        Array("draw", run="draw", items_of="sizes"),
        Job("sheet", run="sheet", after=["draw"]),
    ],
)
