"""An array whose own rules leave no place for a Docker that does not report how a container ended."""

from sluice import Array, EvaluateOnExit, Job, Manual, Pipeline

pipeline = Pipeline(
    name="silent-docker",
    triggers=[Manual()],
    steps=[
        Array(
            "nap",
            run="nap",
            size=3,
            attempts=10,
            on_error="stop",
            retry=[EvaluateOnExit(action="RETRY", on_exit_code=code) for code in ("90", "91")],
        ),
        Array("twice", run="twice", each="nap"),
        Job("tell", run="tell", after=["twice"]),
    ],
)
