"""What must hold for the jobs of every pipeline, whatever pipelines there are."""

from __future__ import annotations

import json
from pathlib import Path

from tests.stacks.projects import composed, project
from tests.stacks.templates import Template, text


def test_no_job_runs_for_ever(pipelines: Template) -> None:
    """Each attempt has a time-out of at least the minute that Batch asks for."""
    assert all(
        one["Timeout"]["AttemptDurationSeconds"] >= 60
        for one in pipelines.properties("AWS::Batch::JobDefinition")
    )


RISKY = """
pipeline = Pipeline(name="risky", triggers=[Manual()], steps=[
    Job("a", run="work", mounts=[HostMount(source="/var/run/docker.sock", path="/docker.sock")],
        environment={"DB_PASSWORD": "hunter2"}),
])
"""


def test_a_synthesis_warns_of_what_is_allowed_and_risky(tmp_path: Path) -> None:
    """The CDK prints the warnings at each synthesis; the secret's value is in none."""
    composed(project(tmp_path / "project", {"risky": RISKY}), tmp_path / "out").synth()
    said = json.loads((tmp_path / "out" / "SluicePipelines.metadata.json").read_text())
    warnings = [one["data"] for found in said.values() for one in found if one["type"] == "aws:cdk:warning"]
    assert [one for one in warnings if "HostMount gives the step the machine's /run/docker.sock" in one]
    assert [one for one in warnings if "environment['DB_PASSWORD']: it looks like a secret" in one]
    assert not [one for one in warnings if "hunter2" in one]


def test_another_sluice_has_its_own_definitions_and_files(tmp_path: Path) -> None:
    """What submits and what reads is bounded to them: neither the other's jobs nor the files of other CDK
    apps.
    """
    found = 'pipeline = Pipeline(name="one", triggers=[Manual()], steps=[Job("a", run="work")])'
    root = project(tmp_path / "project", {"one": found})
    composed(root, tmp_path / "out", {"SLUICE_STACK_PREFIX": "Other"}).synth()
    pipelines = Template.read(tmp_path / "out" / "OtherPipelines.template.json")
    control = Template.read(tmp_path / "out" / "OtherControl.template.json")
    names = [one["JobDefinitionName"] for one in pipelines.properties("AWS::Batch::JobDefinition")]
    assert names
    assert all(name.startswith("s_Other_one-") for name in names)
    submitted = {
        text(one)
        for _, statement in control.statements()
        if "batch:SubmitJob" in str(statement["Action"])
        for one in statement["Resource"]
        if "job-definition" in text(one)
    }
    assert {one.rpartition("/")[2] for one in submitted} == {"s_Other_*"}
    read = [text(one["Resource"]) for _, one in control.statements() if "assets-" in text(one["Resource"])]
    assert read
    assert all(
        "/OtherPipelines/*.json" in one and "/*.json" not in one.replace("/OtherPipelines/*.json", "")
        for one in read
    )
    assert '"OtherPipelines/' in json.dumps(pipelines.properties("AWS::Events::Rule"))
