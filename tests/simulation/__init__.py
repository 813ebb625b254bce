"""The simulation of the whole control plane: random pipelines and random faults, from one seed.

It lives in the matrix's harness: the real handlers, ledger, jobs and Batch engine on one virtual clock.

| part | what it does |
| --- | --- |
| `scripts`, `steps` | random pipelines, and what their functions do |
| `simulation` | one seed: what is deployed, what starts runs, what is noted of them |
| `chaos` | what goes wrong, and until when |
| `fakes` | DynamoDB and AWS Batch as weak as they are |
| `ways_in/` | what starts runs, and which events are lost |
| `people` | those who have failed runs go on, and those who cancel some |
| `verdict/` | what must hold, whatever the ledger says |
| `playing` | plays seeds, and counts |
| `defects`, `teeth` | what is planted, to see that it is found |
"""
