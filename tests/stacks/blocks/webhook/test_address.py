"""What must hold for the addresses of pipelines with a Webhook, and that no other pipeline has one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.project import EXAMPLES
from sluice.messages import Triggered
from sluice.pipeline.definition import Webhook
from sluice.pipeline.loading import load_pipelines
from sluice.settings import WebhookSettings
from stacks.blocks.webhook.address import webhook_of
from tests.stacks.assets import published
from tests.stacks.blocks.webhook.addresses import composed, function
from tests.stacks.templates import Template, text


def test_each_pipeline_with_a_webhook_has_one_address(pipelines: Template) -> None:
    """Every caller may use it, without credentials of AWS."""
    assert [one["AuthType"] for one in pipelines.properties("AWS::Lambda::Url")] == ["NONE"]
    assert {"MonteCarloWebhookUrl", "MonteCarloWebhookSecret"} <= pipelines.document["Outputs"].keys()


def test_what_comes_with_sluice_has_no_address() -> None:
    """A first deploy creates nothing that every caller can reach, and that costs something while nothing
    runs.
    """
    assert not [one.name for one in load_pipelines(EXAMPLES) if webhook_of(one)]


def test_both_permissions_that_an_address_needs_are_there(pipelines: Template) -> None:
    """Since October 2025 one is not enough: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html."""
    public = [one for one in pipelines.properties("AWS::Lambda::Permission") if one["Principal"] == "*"]
    assert sorted(
        (one["Action"], one.get("FunctionUrlAuthType"), one.get("InvokedViaFunctionUrl")) for one in public
    ) == [
        ("lambda:InvokeFunction", None, True),
        ("lambda:InvokeFunctionUrl", "NONE", None),
    ]


def test_a_function_gets_all_settings_that_it_reads(pipelines: Template, assembly: Path) -> None:
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
    assert published(assembly, message.definition_location()[1]).is_file()


def test_a_pipeline_without_a_webhook_has_none_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No function, no address, no secret, no output of it."""
    template = composed(tmp_path, monkeypatch, None)
    kinds = {one["Type"] for one in template.document["Resources"].values()}
    assert not [kind for kind in kinds if "Lambda" in kind or "SecretsManager" in kind]
    assert set(template.document["Outputs"]) == {"Definitions"}


def test_a_region_without_addresses_can_be_deployed_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SLUICE_WEBHOOKS=false."""
    assert not composed(tmp_path, monkeypatch, Webhook(), SLUICE_WEBHOOKS="false").of_type("AWS::Lambda::Url")


def test_what_is_not_asked_for_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a schema no layer, without rotation no second function; the other form is passed on; the bound
    is reserved.
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


@pytest.mark.parametrize(
    ("environment", "warned"), [({}, True), ({"SLUICE_WEBHOOK_CONCURRENCY": "5"}, False)]
)
def test_synthesis_warns_while_nothing_bounds_a_webhook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], warned: bool
) -> None:
    """Its public address can use up the concurrency of the whole account."""
    composed(tmp_path, monkeypatch, Webhook(), **environment)
    written = "".join(file.read_text() for file in tmp_path.glob("*.json"))
    assert ("Nothing bounds how many requests to the webhook" in written) is warned
