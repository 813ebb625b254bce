"""Runs of files whose keys have what S3 takes and others give a meaning: EventBridge, IAM, our own names."""

from sluice import Array, Job, Pipeline, Plan, S3Upload

ODD = 'odd/a$?@{b}~|#%<c>"^`[é]/'

pipeline = Pipeline(
    name="odd-keys",
    triggers=[
        S3Upload(prefix=f"{ODD}one/", suffix=["~a|b.csv", ".CSV"]),
        S3Upload(prefix=f"{ODD}many/", suffix="?.csv", group_within="1s"),
    ],
    steps=[
        Plan("files"),
        Array("read", run="read", items_of="files"),
        Job("merge", run="merge", after=["read"]),
    ],
)
