"""AWS Batch on one machine, with the real rules.

| part | what it does |
| --- | --- |
| `scheduler`, `dispatch`, `lifecycle` | the rules: a pure core over a clock that is handed in |
| `job`, `hosts`, `line` | its pieces |
| `api`, `operations/` | the operations of the API over the scheduler; shapes come from botocore's model |
| `http` | the API as REST-JSON |
| `cloudformation` | `AWS::Batch::*` for a provisioner |
| `runner`, `processes`, `docker_executor` | the wall clock: attempts as processes or containers |
| `simulate` | the virtual clock: what a fleet would do, and what it would cost |
| `trouble` | what goes wrong in a cloud, on demand |
| `events`, `describe` | what the world is told of jobs |
| `ports` | what the engine needs of the world |
| `engine` | all of it, wired |

It knows no emulator: the world comes in through `ports`.
"""
