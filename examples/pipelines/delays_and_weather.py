"""Whether rain makes flights late: the results of two pipelines, joined by month."""

from sluice import AfterRun, Job, Pipeline

pipeline = Pipeline(
    name="delays-and-weather",
    triggers=[AfterRun("flight-delays", "weather", by=[])],
    steps=[Job("join", run="join", memory=512)],
)
