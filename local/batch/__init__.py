"""AWS Batch on one machine, with the real rules.

| part | what it does |
| --- | --- |
| `engine` | all of it, wired: the scheduler, the API over it, the runtime under it |
| `ports` | what the engine needs from outside: an executor, images, credentials, sinks for logs and events |
| `api/` | the operations over the scheduler, as calls and as REST-JSON; shapes come from botocore's model |
| `cloudformation` | `AWS::Batch::*` for a provisioner |
| `runtime/` | the wall clock: attempts as processes or containers |
| `faults` | what goes wrong, on demand |

The rules are the top-level package `scheduler`. The engine knows no emulator: what is outside comes in
through `ports`.
"""
