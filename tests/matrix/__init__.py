"""The crash matrix: every shipped pipeline, run whole in this process, with each of its AWS calls going wrong
in every way in turn.

| part | what it does |
| --- | --- |
| `deployment` | what is deployed, read from the synthesised templates |
| `clock`, `actors` | virtual time; Lambdas and jobs that take turns at their AWS calls |
| `table`, `expressions`, `bucket`, `messages`, `fleet` | DynamoDB, S3, SQS, and AWS Batch by our own engine |
| `faults`, `calls` | the one place through which every call goes, and where it goes wrong |
| `reactions`, `steps`, `installed` | the real handlers and the real job code, at home in this harness |
| `harness` | all of it, wired |
| `scenarios`, `cases` | what is run, and every case of it, found by running it |
| `verdict` | what must hold in the end |
| `load` | many runs at once |
"""
