"""What must hold for the addresses of pipelines with a Webhook, and that no other pipeline has one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App

import app as entry
from benchmarks import cost
from sluice.messages import Triggered
from sluice.pipeline.definition import Pipeline, Webhook
from sluice.pipeline.loading import load_pipelines
from sluice.settings import WebhookSettings
from stacks.blocks.functions.code import NOT_FOR_LAMBDAS
from stacks.blocks.webhook.address import webhook_of
from tests.stacks.conftest import ENVIRONMENT, context, synthesised
from tests.stacks.templates import Template, many, text
from tests.stacks.test_assets import IMPORT

LAMBDAS = ("webhook", "rotate")
SCHEMA = {"type": "object", "properties": {"throws": {"type": "integer"}}, "required": ["throws"]}


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cloud assembly of the app with a webhook in one of its pipelines."""
    found = [
        _with(one, Webhook(schema=SCHEMA, rotate_days=90)) if one.name == "monte-carlo" else one
        for one in load_pipelines(entry.ROOT)
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(entry, "load_pipelines", lambda *_: tuple(found))
        return synthesised(tmp_path_factory.mktemp("webhooks"))


@pytest.fixture(scope="module")
def pipelines(assembly: Path) -> Template:
    """The template of the pipelines stack with the webhook."""
    return Template.read(assembly / "SluicePipelines.template.json")


def function(pipelines: Template, stage: str) -> dict[str, Any]:
    """Return the properties of the one function of a stage."""
    (found,) = [
        one
        for one in pipelines.properties("AWS::Lambda::Function")
        if one["Handler"] == f"lambdas.{stage}.handler.handler"
    ]
    return dict(found)


def allowed(pipelines: Template, role: str) -> set[str]:
    """Return the actions that the roles of this name may take."""
    return {action for name, one in pipelines.statements() if role in name for action in many(one["Action"])}


def _with(pipeline: Pipeline, webhook: Webhook) -> Pipeline:
    return replace(pipeline, triggers=[*pipeline.triggers, webhook])


def composed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, webhook: Webhook | None, **environment: str
) -> Template:
    """Return the template of monte-carlo alone with another webhook."""
    (found,) = [one for one in load_pipelines(entry.ROOT) if one.name == "monte-carlo"]
    changed = _with(found, webhook) if webhook else found
    monkeypatch.setattr(entry, "load_pipelines", lambda *_: (changed,))
    app = App(outdir=str(tmp_path), context=context())
    entry.compose(app, root=entry.ROOT, environment={**ENVIRONMENT, **environment})
    app.synth()
    return Template.read(tmp_path / "SluicePipelines.template.json")


def test_each_pipeline_with_a_webhook_has_one_address(pipelines: Template) -> None:
    """Anybody may call it, and nobody needs credentials of AWS."""
    assert [one["AuthType"] for one in pipelines.properties("AWS::Lambda::Url")] == ["NONE"]
    assert {"MonteCarloWebhookUrl", "MonteCarloWebhookSecret"} <= pipelines.document["Outputs"].keys()


def test_what_comes_with_sluice_has_no_address() -> None:
    """Whoever deploys it for the first time has asked for nothing that anybody can call, and that costs
    something while nothing runs.
    """
    assert not [one.name for one in load_pipelines(entry.ROOT) if webhook_of(one)]


def test_both_permissions_that_an_address_needs_are_there(pipelines: Template) -> None:
    """Since October 2025 one is not enough: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html."""
    public = [one for one in pipelines.properties("AWS::Lambda::Permission") if one["Principal"] == "*"]
    assert sorted(
        (one["Action"], one.get("FunctionUrlAuthType"), one.get("InvokedViaFunctionUrl")) for one in public
    ) == [
        ("lambda:InvokeFunction", None, True),
        ("lambda:InvokeFunctionUrl", "NONE", None),
    ]


def test_it_may_do_three_things(pipelines: Template) -> None:
    """Read its secret, note its deliveries, fill the trigger queue; it neither submits nor reads runs of
    others.
    """
    actions = {one for one in allowed(pipelines, "WebhookRole") if not one.startswith("logs:")}
    queue = {"sqs:SendMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl"}
    assert actions == {"secretsmanager:GetSecretValue", "dynamodb:GetItem", "dynamodb:UpdateItem"} | queue
    of_ledger = [
        one
        for name, one in pipelines.statements()
        if "WebhookRole" in name and "dynamodb:" in str(one["Action"])
    ]
    keys = [one["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"] for one in of_ledger]
    assert keys == [[f"RUN#monte-carlo-{'?' * 20}"]] * 2
    (write,) = [one for one in of_ledger if one["Action"] == "dynamodb:UpdateItem"]
    assert "state" not in write["Condition"]["ForAllValues:StringEquals"]["dynamodb:Attributes"]


def test_rotation_reaches_its_own_secret_alone(pipelines: Template) -> None:
    """Under a role of its own, called by Secrets Manager of this account."""
    statements = [
        one
        for name, one in pipelines.statements()
        if "WebhookRotationRole" in name and "secretsmanager:" in str(one["Action"])
    ]
    (secret,) = pipelines.of_type("AWS::SecretsManager::Secret")
    assert [text(one["Resource"]) for one in statements] == [f"<{secret}.Id>"]
    (schedule,) = pipelines.properties("AWS::SecretsManager::RotationSchedule")
    assert (schedule["RotationRules"], schedule["RotateImmediatelyOnUpdate"]) == (
        {"AutomaticallyAfterDays": 90},
        False,
    )
    (permission,) = [
        one for one in pipelines.properties("AWS::Lambda::Permission") if one["Principal"] != "*"
    ]
    assert (permission["Principal"], permission["SourceAccount"]) == (
        "secretsmanager.amazonaws.com",
        {"Ref": "AWS::AccountId"},
    )


def test_the_generated_secret_is_a_key(pipelines: Template) -> None:
    """Letters and digits only, as many as base64 takes."""
    (secret,) = pipelines.properties("AWS::SecretsManager::Secret")
    generated = secret["GenerateSecretString"]
    assert generated["PasswordLength"] % 4 == 0
    assert not {"-", "_", "!", '"', "@"} - set(generated["ExcludeCharacters"])
    assert generated["IncludeSpace"] is False


def test_the_readme_counts_the_secrets_and_the_alarms(pipelines: Template) -> None:
    """They are what a webhook costs while nothing happens."""
    assert len(pipelines.of_type("AWS::SecretsManager::Secret")) == 1
    alarms = [name for name in pipelines.of_type("AWS::CloudWatch::Alarm") if not name.startswith("Grouping")]
    assert len(alarms) == cost.WEBHOOK_ALARMS


def test_a_request_that_could_not_be_taken_is_told_to_a_person(pipelines: Template) -> None:
    """Its sender may not come again; and a secret that was not changed is not noticed by anybody else."""
    found = pipelines.of_type("AWS::CloudWatch::Alarm").items()
    alarms = {
        one["Properties"]["MetricName"]: one["Properties"]
        for name, one in found
        if not name.startswith("Grouping")
    }
    assert alarms.keys() == {"Url5xxCount", "Errors"}
    for alarm in alarms.values():
        assert (alarm["Threshold"], alarm["EvaluationPeriods"]) == (1, 1)
        assert "SluiceControl" in text(alarm["AlarmActions"][0])


def test_a_function_is_told_all_that_it_asks_for(pipelines: Template, assembly: Path) -> None:
    """Where the compiled pipeline is, among others: the file is in the assembly."""
    variables = {
        name: text(value)
        for name, value in function(pipelines, "webhook")["Environment"]["Variables"].items()
    }
    settings = WebhookSettings.from_env(variables)
    assert set(settings.to_env()) == {name for name in variables if name.startswith("SLUICE_")}
    assert (settings.pipeline, settings.signature, settings.schema) == (
        "monte-carlo",
        "standard",
        "webhook_schema",
    )
    location = {"bucket": settings.definition_bucket, "key": settings.definition_key}
    message = Triggered(pipeline=settings.pipeline, trigger="webhook", definition=location, detail={})
    assert (assembly / f"asset.{message.definition_location()[1]}").is_file()


@pytest.mark.parametrize("stage", LAMBDAS)
def test_a_handler_imports_from_its_asset_and_its_layers_alone(
    pipelines: Template, assembly: Path, stage: str
) -> None:
    """A fresh interpreter without what is for synthesis only; the schema comes from the layer."""
    found = function(pipelines, stage)
    asset = assembly / f"asset.{found['Code']['S3Key'].removesuffix('.zip')}"
    assert {path.name for path in (asset / "lambdas").iterdir() if path.is_dir()} == {stage}
    assert not [
        name
        for name in NOT_FOR_LAMBDAS
        if (asset / "sluice" / f"{name}.py").exists() or list((asset / "sluice" / name).glob("*"))
    ]
    layers = [
        one["Content"]["S3Key"].removesuffix(".zip")
        for one in pipelines.properties("AWS::Lambda::LayerVersion")
    ]
    packages = [path for path in sys.path if path.endswith("site-packages")]
    environment = {
        **{name: text(value) for name, value in found["Environment"]["Variables"].items()},
        "PYTHONPATH": os.pathsep.join(
            [str(asset), *(str(assembly / f"asset.{layer}" / "python") for layer in layers), *packages]
        ),
        "AWS_DEFAULT_REGION": "us-east-1",
        "PATH": os.environ["PATH"],
    }
    command = [
        sys.executable,
        "-S",
        "-B",
        "-c",
        IMPORT.replace("'pydantic'", "'pydantic', 'jsonschema'"),
        f"lambdas.{stage}.handler",
    ]
    done = subprocess.run(
        command, env=environment, cwd=asset, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert all(Path(line).is_relative_to(asset) for line in done.stdout.splitlines())


def test_a_pipeline_without_a_webhook_has_none_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No function, no address, no secret, no output."""
    template = composed(tmp_path, monkeypatch, None)
    kinds = {one["Type"] for one in template.document["Resources"].values()}
    assert not [kind for kind in kinds if "Lambda" in kind or "SecretsManager" in kind]
    assert not template.document.get("Outputs")


def test_a_region_without_addresses_can_be_deployed_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SLUICE_WEBHOOKS=false."""
    assert not composed(tmp_path, monkeypatch, Webhook(), SLUICE_WEBHOOKS="false").of_type("AWS::Lambda::Url")


def test_what_is_not_asked_for_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a schema no layer, without rotation no second function; the other form is told; the bound is
    reserved.
    """
    template = composed(tmp_path, monkeypatch, Webhook(signature="github"), SLUICE_WEBHOOK_CONCURRENCY="7")
    (found,) = template.properties("AWS::Lambda::Function")
    variables = found["Environment"]["Variables"]
    assert (
        variables["SLUICE_SIGNATURE"],
        variables["SLUICE_SCHEMA"],
        found["ReservedConcurrentExecutions"],
    ) == ("github", "none", 7)
    assert not template.of_type("AWS::Lambda::LayerVersion")
    assert not template.of_type("AWS::SecretsManager::RotationSchedule")
    assert "ReservedConcurrentExecutions" not in json.dumps(
        composed(tmp_path / "other", monkeypatch, Webhook()).document
    )
