"""AWS on this machine.

| part | what it is |
| --- | --- |
| `batch/` | AWS Batch with the real rules, over the top-level package `scheduler` |
| `emulator/` | every other service: ministack, with what it lacks and what is mended in it |
| `images/` | container images without Docker |
| `deployment/` | the real AWS CDK against a local cloud |
| `server/` | the process that serves all of it, and what starts and ends it |
| `paths`, `environment`, `executors`, `errors` | what the rooms share |

`python -m local` is the process; `local.server.process` starts it, `local.deployment.deploy` fills it.
"""
