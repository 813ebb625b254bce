"""The names of ministack that the emulator rests on."""

import ast
import inspect
import json
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from local import emulator
from local.emulator.events import put_event
from local.emulator.patches.events import begin_rates_at_once, bound_events_log
from local.emulator.services import scope
from local.paths import REPOSITORY

PARTS = [
    import_module(part.name) for part in pkgutil.walk_packages(emulator.__path__, f"{emulator.__name__}.")
]
FOLDERS = ("local", "cli", "sluice", "stacks", "lambdas", "containers", "pipelines")


def ministack_modules() -> dict[str, ModuleType]:
    """Return the modules of ministack that the emulator imports, by the names that it gives them."""
    return {name: module for part in PARTS for name, module in modules_of(part).items()}


def modules_of(part: ModuleType) -> dict[str, ModuleType]:
    """Return the modules of ministack that one module of the emulator imports."""
    found = {name: value for name, value in vars(part).items() if isinstance(value, ModuleType)}
    return {name: module for name, module in found.items() if module.__name__.startswith("ministack")}


def used_names() -> Iterator[tuple[str, str]]:
    """Yield each `module.name` of ministack that stands in the emulator's source."""
    for part in PARTS:
        modules = modules_of(part)
        for node in ast.walk(ast.parse(inspect.getsource(part))):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id in modules
            ):
                yield node.value.id, node.attr


@pytest.mark.parametrize(("module", "name"), sorted(set(used_names())))
def test_every_name_that_is_used_exists(module: str, name: str) -> None:
    """Each name of ministack that the emulator uses is there; a new version that moves one fails here by
    name.
    """
    there = ministack_modules()[module]
    assert hasattr(there, name), f"{there.__name__} has no {name} any more: local/emulator must follow."


def test_names_are_found_in_the_source() -> None:
    """The list of used names is read from the source, and holds the ones that the rest hangs on."""
    assert {
        ("gateway", "AUTH"),
        ("gateway", "SERVICE_HANDLERS"),
        ("provisioners", "_RESOURCE_HANDLERS"),
    } <= set(used_names())


@pytest.mark.parametrize(
    ("module", "function", "parameters"),
    [
        ("eventbridge", "_put_events", ["data", "allow_aws_source"]),
        ("sts", "register_session", ["access_key", "session"]),
        ("responses", "request_scope", ["account_id", "region"]),
        ("cloudwatch", "_set_alarm_state", ["params", "cbor_data", "is_cbor", "is_json"]),
        ("gateway", "pin_request_origin", ["source_ip", "secure_transport"]),
        ("ecr", "_describe_images", ["data"]),
        ("iam_actions", "request_tag_context", ["service", "iam_action", "body", "params"]),
        ("s3", "_fire_s3_event", ["bucket_name", "key", "event_name"]),
        ("s3", "_get_object", ["bucket_name", "key", "headers", "query_params"]),
        ("s3", "_parse_range", ["range_header", "total"]),
        ("eventbridge", "_dispatch_event", ["event"]),
        ("eventbridge", "_events_log_list", []),
        ("secretsmanager", "resolve_secret_string", ["secret_id", "version_stage", "version_id"]),
        ("secretsmanager", "_resolve", ["secret_id", "use_arn_scope"]),
        ("ssm", "resolve_parameter_value", ["name_or_arn", "version", "decrypt"]),
        ("eventbridge", "_invoke_target", ["target", "event", "rule"]),
        ("scheduler", "_at_time_epoch", ["expr"]),
        ("scheduler", "_tick_schedules", []),
        ("eventbridge", "_parse_rate_seconds", ["expr"]),
        ("provisioners", "_lambda_url_attributes", ["config"]),
        ("lambda_svc", "_function_url_id", ["function_url"]),
        ("secretsmanager", "_resolve", ["secret_id"]),
        ("secretsmanager", "_find_stage_version", ["secret", "stage"]),
        ("secretsmanager", "_remove_stage_everywhere", ["secret", "stage"]),
        ("secretsmanager", "_rotate_secret", ["data"]),
        ("secretsmanager", "_get_secret_value", ["data"]),
        (
            "sns",
            "_fanout",
            ["topic_arn", "msg_id", "message", "subject", "message_structure", "message_attributes"],
        ),
        (
            "iam_evaluator",
            "enforce",
            ["access_key_id", "iam_action", "service", "region", "resource_arn", "service_context"],
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_private_functions_take_what_they_are_given(
    module: str, function: str, parameters: list[str]
) -> None:
    """The functions of ministack that the emulator calls or stands in for take the parameters that it passes
    on.
    """
    assert (
        list(inspect.signature(getattr(ministack_modules()[module], function)).parameters)[: len(parameters)]
        == parameters
    )


def test_the_emulator_reads_iam_at_each_request() -> None:
    """ministack reads AUTH where it handles a request, so that switching it works while the cloud runs."""
    assert "AUTH" in ministack_modules()["gateway"]._dispatch_service_request.__code__.co_names


def test_the_log_of_events_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """EventBridge keeps its newest events and forgets the rest, and ministack appends to the very log that is
    bounded.
    """
    eventbridge = ministack_modules()["eventbridge"]
    monkeypatch.setattr(eventbridge, "_events_log_list", eventbridge._events_log_list)
    bound_events_log(3)
    for number in range(5):
        put_event({"source": "aws.batch", "detail-type": "Test", "detail": {"number": number}})
    with scope():
        kept = [json.loads(event["Detail"])["number"] for event in eventbridge._events_log["entries"]]
        eventbridge._events_log.clear()
    assert kept == [2, 3, 4]


def test_a_rate_begins_when_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not one rate later, and once; one of before this cloud was started goes on as it was."""
    scheduler, eventbridge = (ministack_modules()[name] for name in ("scheduler", "eventbridge"))
    fired = list[str]()
    monkeypatch.setattr(scheduler, "_tick_schedules", scheduler._tick_schedules)
    monkeypatch.setattr(eventbridge, "_invoke_target", lambda target, event, rule: fired.append(rule["Name"]))
    begin_rates_at_once()
    body = {
        "ScheduleExpression": "rate(1 hour)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {
            "Arn": "arn:aws:sqs:us-east-1:000000000000:q",
            "RoleArn": "arn:aws:iam::000000000000:role/r",
        },
    }
    with scope():
        for name in ("new", "old"):
            scheduler._create_schedule(name, body)
        scheduler._schedules["default/old"]["CreationDate"] -= 60
        for _ in range(2):
            scheduler._tick_schedules()
        for name in ("new", "old"):
            scheduler._delete_schedule(name, {})
    assert fired == ["new"]


def test_only_the_emulator_imports_ministack() -> None:
    """No other module imports ministack: what a new version moves has to be mended in one place."""
    paths = (path for folder in FOLDERS for path in (REPOSITORY / folder).rglob("*.py"))
    importing = {path.relative_to(REPOSITORY).as_posix() for path in paths if imports_ministack(path)}
    assert {path.rpartition("/")[0] for path in importing if not path.startswith("local/emulator/")} == set()


def imports_ministack(path: Path) -> bool:
    """Say whether a module imports anything of ministack."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        if any(name.partition(".")[0] == "ministack" for name in names):
            return True
    return False
