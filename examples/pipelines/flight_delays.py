"""How late flights arrive: a CSV of flights in, delays by carrier and month and by route out."""

from sluice import Array, Job, Pipeline, Plan, S3Upload

pipeline = Pipeline(
    name="flight-delays",
    triggers=[S3Upload(prefix="flights/", suffix=".csv")],
    steps=[
        Plan("cut", run="cut"),  # byte ranges that end at line ends
        Array("read", run="read", items_of="cut", memory=1024),  # each child reads only its range
        Array("tabulate", run="tabulate", each="read", memory=512),  # child i after child i
        Job("merge", run="merge", after=["tabulate"], memory=1024),
    ],
)
