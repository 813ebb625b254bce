"""Docker does not report how a container ended, of steps whose own rules leave no room for that fault: an
array that another follows child by child, and a job behind both.
"""

from sluice.pipeline.definition import Array, Job, Manual, Pipeline
from sluice.pipeline.retry_rules import EvaluateOnExit

_OWN = [EvaluateOnExit(action="RETRY", on_exit_code=code) for code in ("90", "91")]

pipeline = Pipeline(
    name="silent-docker",
    triggers=[Manual()],
    steps=[
        Array("heard", run="tests.matrix.steps:ends_unheard", size=3, retry=_OWN, attempts=3),
        Array("rank", run="tests.matrix.steps:ranks", each="heard"),
        Job("sum", run="tests.matrix.steps:sums_unheard", after=["rank"], retry=_OWN, attempts=3),
    ],
)
