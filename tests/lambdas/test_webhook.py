"""The webhook Lambda, handed requests as a function URL hands them over."""

from __future__ import annotations

import base64
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import pytest
from botocore.exceptions import ClientError, HTTPClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.webhook.keys import KEPT_SECONDS, MAX_READS, SECONDS_A_READ, Keys
from lambdas.webhook.request import MAX_BODY_BYTES, MAX_LEVELS
from sluice.errors import SettingError
from sluice.messages import Triggered
from sluice.run.job_names import run_id
from sluice.triggers.trigger_event import WebhookDelivery, parse_trigger
from stacks.blocks.webhook_schema import MODULE, write_schema
from tests.lambdas.conftest import SECRET, Aws
from tests.sluice.clouds import refused
from tests.sluice.graphs import word_count
from tests.sluice.signers import SIGNERS, github, standard

BODY = b'{"id": "evt_1", "type": "invoice.paid", "n": 1}'
STRIPES = "whsec_a_secret_of_stripes"


def now() -> int:
    """Return the time that an honest sender writes."""
    return int(time.time())


def event(
    headers: dict[str, str], body: bytes = BODY, *, method: str = "POST", encoded: bool = False
) -> dict[str, Any]:
    """Return what a function URL hands over:
    https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads.
    """
    http = {
        "method": method,
        "path": "/",
        "protocol": "HTTP/1.1",
        "sourceIp": "192.0.2.1",
        "userAgent": "curl",
    }
    text = base64.b64encode(body).decode() if encoded else body.decode("utf-8", "replace")
    return {
        "version": "2.0",
        "rawPath": "/",
        "headers": {"content-type": "application/json", **headers},
        "requestContext": {"accountId": "anonymous", "http": http, "requestId": "r", "timeEpoch": 0},
        "isBase64Encoded": encoded,
        **({"body": text} if body else {}),
    }


def raising(error: Exception) -> Callable[..., NoReturn]:
    """Return a function that raises."""

    def call(*_: object, **__: object) -> NoReturn:
        raise error

    return call


class Hook:
    """The handler of one form, loaded as on a cold start."""

    def __init__(
        self, aws: Aws, monkeypatch: pytest.MonkeyPatch, form: str = "standard", **settings: str
    ) -> None:
        self.aws, self.form = aws, form
        self.secret = STRIPES if form == "stripe" else SECRET
        aws.client("secretsmanager").put_secret_value(SecretId=aws.secret, SecretString=self.secret)
        for name, value in {"SIGNATURE": form, **settings}.items():
            monkeypatch.setenv(f"SLUICE_{name}", value)
        self.module: ModuleType = aws.handler("webhook")

    def answer(self, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Return the status and the document of an answer."""
        found = self.module.handler(request, None)
        assert found["headers"]["content-type"] == "application/json"
        return found["statusCode"], json.loads(found["body"])

    def send(
        self, body: bytes = BODY, *, at: int | None = None, secret: str | None = None, delivery: str = "msg_1"
    ) -> tuple[int, dict[str, Any]]:
        """Send a signed request."""
        headers = SIGNERS[self.form](secret or self.secret, body, now() if at is None else at, delivery)
        return self.answer(event(headers, body, encoded=True))

    def queued(self) -> list[Triggered]:
        """Take what is in the trigger queue."""
        sqs, url = self.aws.client("sqs"), self.module.settings.trigger_queue
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        for message in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return [Triggered.from_json(message["Body"]) for message in messages]


@pytest.fixture
def hook(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Hook]:
    """Return handlers."""
    return lambda form="standard", **settings: Hook(aws, monkeypatch, form, **settings)


FORMS = list(SIGNERS)


@pytest.mark.parametrize("form", FORMS)
def test_a_signed_request_is_a_message_and_the_run_that_it_will_be(
    hook: Callable[..., Hook], aws: Aws, form: str
) -> None:
    """202 names the run that the trigger Lambda then begins, with the body as its input."""
    here = hook(form)
    status, document = here.send()
    (message,) = here.queued()
    found = parse_trigger(message)
    assert isinstance(found, WebhookDelivery)
    assert (status, document) == (202, {"run": run_id("words", "webhook", found.identity())})
    assert (found.form, found.input) == (form, json.loads(BODY))
    assert found.event == ("push" if form == "github" else "invoice.paid")
    aws.upload(word_count())
    assert aws.call("trigger", message.to_json(), message.to_json()) == []
    assert [str(job["jobName"]) for job in aws.batch.jobs.values()] == [f"{document['run']}_split_0"]


@pytest.mark.parametrize("form", FORMS)
def test_the_same_request_twice_starts_nothing_more(hook: Callable[..., Hook], form: str) -> None:
    """A replay is refused, and told which run it is."""
    here, at = hook(form), now()
    first = here.send(at=at)
    status, document = here.send(at=at)
    assert (status, document["run"]) == (409, first[1]["run"])
    assert len(here.queued()) == 1


@pytest.mark.parametrize("form", ["standard", "stripe"])
def test_an_honest_repetition_is_answered_as_the_first(hook: Callable[..., Hook], form: str) -> None:
    """A sender that lost the answer signs the same event anew: the same run, and nothing more is sent. The
    older request is a replay.
    """
    here, at = hook(form), now()
    first = here.send(at=at - 10)
    assert here.send(at=at) == first
    assert [here.send(at=at - age)[0] for age in (0, 5, 10)] == [409] * 3
    assert len(here.queued()) == 1


def test_a_redelivery_of_githubs_is_the_same_run_whatever_its_id(hook: Callable[..., Hook]) -> None:
    """Its id and its kind are not signed; its body is."""
    here = hook("github")
    first = here.send()
    other = here.send(delivery="another")
    assert (other[0], other[1]["run"]) == (409, first[1]["run"])
    assert here.send(BODY + b" ")[1]["run"] != first[1]["run"]


def test_githubs_ping_starts_no_run(hook: Callable[..., Hook]) -> None:
    """It is answered well, or GitHub would show the webhook as broken; unsigned it is refused."""
    here = hook("github")
    headers = {**github(SECRET, BODY), "x-github-event": "ping"}
    assert here.answer(event(headers)) == (200, {"run": None})
    assert here.answer(event({"x-github-event": "ping"}))[0] == 401
    assert here.queued() == []


def test_an_id_stands_for_one_body(hook: Callable[..., Hook]) -> None:
    """Another body under the same id would be lost silently."""
    here = hook()
    first = here.send()
    status, document = here.send(b'{"n": 2}', at=now() + 1)
    assert (status, document["run"]) == (409, first[1]["run"])
    assert "a new webhook-id for a new body" in document["error"]
    assert here.send(b'{"n": 2}', delivery="msg_2")[0] == 202


def test_stripes_repetitions_may_differ(hook: Callable[..., Hook]) -> None:
    """`pending_webhooks` counts down; the event is the same by its id."""
    here, at = hook("stripe"), now()
    first = here.send(b'{"id": "evt_1", "pending_webhooks": 2}', at=at)
    assert here.send(b'{"id": "evt_1", "pending_webhooks": 1}', at=at + 1) == first


def test_what_dies_before_it_is_noted_is_sent_again(
    hook: Callable[..., Hook], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Lambda that ends between queue and note leaves no note: the repetition, even the very same bytes,
    sends the same run once more.
    """
    here, at = hook(), now()
    with monkeypatch.context() as patch:
        patch.setattr(here.module.DeliveryRecords, "write", raising(HTTPClientError(error="gone")))
        assert here.send(at=at)[0] == 503
    status, document = here.send(at=at)
    assert status == 202
    deliveries = [found for one in here.queued() if isinstance(found := parse_trigger(one), WebhookDelivery)]
    assert [run_id("words", "webhook", one.identity()) for one in deliveries] == [document["run"]] * 2


def test_a_queue_that_does_not_take_it_leaves_no_note(
    hook: Callable[..., Hook], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sender is told to come again, and then is not taken for a replay."""
    here, at = hook(), now()
    with monkeypatch.context() as patch:
        patch.setattr(
            here.aws.client("sqs"), "send_message", raising(refused("ServiceUnavailable", status=503))
        )
        status, document = here.send(at=at)
    assert (status, "Send it again" in document["error"]) == (503, True)
    assert here.send(at=at)[0] == 202
    assert len(here.queued()) == 1


def test_two_at_once_are_one_answer_and_one_refusal(
    hook: Callable[..., Hook], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both may be in the queue, where they are the same run; one of them is told that it was a replay."""
    here, at = hook(), now()
    monkeypatch.setattr(here.module.DeliveryRecords, "read", lambda *_: None)
    answers = [here.send(at=at) for _ in range(2)]
    assert [status for status, _ in answers] == [202, 409]
    assert answers[0][1]["run"] == answers[1][1]["run"]


@pytest.mark.parametrize("form", ["standard", "stripe"])
@pytest.mark.parametrize("age", [310, -310])
def test_what_was_signed_too_long_ago_is_refused(hook: Callable[..., Hook], form: str, age: int) -> None:
    """And what comes from the future."""
    here = hook(form)
    status, document = here.send(at=now() - age)
    assert (status, "time stamp within 300 seconds" in document["error"]) == (401, True)
    assert here.queued() == []


@pytest.mark.parametrize("form", FORMS)
def test_wrong_signatures_have_one_answer(hook: Callable[..., Hook], form: str) -> None:
    """No header, an empty one, noise, another secret, another body: nobody can tell them apart."""
    here = hook(form)
    headers = SIGNERS[form](here.secret, BODY, now())
    wrong: list[dict[str, Any]] = [
        event({}),
        event(dict.fromkeys(headers, "")),
        event(dict.fromkeys(headers, "noise é\x00")),
        event(SIGNERS[form]("A" * 32, BODY, now())),
        event(headers, BODY + b" "),
        event(headers, b""),
        event(headers, b"\xff" * 10),
    ]
    answers = [here.answer(one) for one in wrong]
    assert {status for status, _ in answers} == {401}
    assert len({document["error"] for _, document in answers}) == 1
    assert here.queued() == []


def test_the_names_of_headers_may_be_written_in_any_case(hook: Callable[..., Hook]) -> None:
    """As HTTP has it."""
    here = hook()
    headers = {name.title(): value for name, value in standard(SECRET, BODY, now()).items()}
    assert here.answer(event(headers))[0] == 202


def test_a_body_comes_as_text_or_encoded(hook: Callable[..., Hook]) -> None:
    """A function URL encodes what is not text; the signature is over the bytes."""
    here, body = hook(), '{"ü": "漢"}'.encode()
    assert here.answer(event(standard(SECRET, body, now(), "a"), body))[0] == 202
    assert here.answer(event(standard(SECRET, body, now(), "b"), body, encoded=True))[0] == 202
    broken = {**event(standard(SECRET, body, now(), "c"), body, encoded=True), "body": "!not base64!"}
    assert here.answer(broken)[0] == 400


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"])
def test_only_post_is_taken(hook: Callable[..., Hook], method: str) -> None:
    """405, with the method that is."""
    found = hook().module.handler(event(standard(SECRET, BODY, now()), method=method), None)
    assert (found["statusCode"], found["headers"]["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'"' + b"a" * (MAX_BODY_BYTES - 2) + b'"', 202),
        (b'"' + b"a" * (MAX_BODY_BYTES - 1) + b'"', 413),
        (b" " * 6_000_000, 413),
        (('"' + "ü" * (MAX_BODY_BYTES // 5) + '"').encode(), 413),
    ],
    ids=["just", "one more", "six megabytes", "larger when written as ASCII"],
)
@pytest.mark.parametrize("encoded", [True, False])
def test_a_body_has_a_limit(hook: Callable[..., Hook], body: bytes, status: int, encoded: bool) -> None:
    """What the ledger can keep."""
    assert hook().answer(event(standard(SECRET, body, now()), body, encoded=encoded))[0] == status


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"a=1",
        b"{'a': 1}",
        b"\xff\xfe",
        '{"a": 1}'.encode("utf-16"),
        b"NaN",
        b"-Infinity",
        b"1e999",
        b"9" * 5000,
        b"[" * 100000,
        b'{"a":' * 20000,
        b"[" * (MAX_LEVELS + 1) + b"]" * (MAX_LEVELS + 1),
        b"\xef\xbb\xbf{}",
    ],
)
def test_what_is_no_json_is_refused(hook: Callable[..., Hook], body: bytes) -> None:
    """Although it is signed: 400, and nothing in the queue."""
    here = hook()
    assert here.answer(event(standard(SECRET, body, now()), body, encoded=True))[0] == 400
    assert here.queued() == []


def test_as_many_levels_as_are_allowed_go_through(hook: Callable[..., Hook], aws: Aws) -> None:
    """All that reads the input later manages them."""
    here, body = hook(), b"[" * MAX_LEVELS + b"]" * MAX_LEVELS
    assert here.send(body)[0] == 202
    aws.upload(word_count())
    assert aws.call("trigger", here.queued()[0].to_json()) == []


def test_an_event_of_stripes_without_an_id_is_refused(hook: Callable[..., Hook]) -> None:
    """Nobody could say whether it came before."""
    assert hook("stripe").send(b"{}")[0] == 400


@pytest.fixture
def schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A schema's module, as the layer brings it."""
    wanted = {
        "type": "object",
        "properties": {"a": {"items": {"type": "integer", "multipleOf": 0.5}}},
        "required": ["a"],
        "additionalProperties": False,
    }
    write_schema(tmp_path, wanted)
    monkeypatch.syspath_prepend(str(tmp_path))
    sys.modules.pop(MODULE, None)
    yield MODULE
    sys.modules.pop(MODULE, None)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b"[]", "body"),
        (b"{}", "body"),
        (b'{"a": [1, "x"]}', "body.a[1]"),
        (b'{"a": [], "b": 1}', "body"),
        (b'{"a": [1' + b"0" * 400 + b"]}", "body"),
    ],
)
def test_what_does_not_fit_the_schema_is_refused_with_its_place(
    hook: Callable[..., Hook], schema: str, body: bytes, path: str
) -> None:
    """422; the last number is too large to be divided."""
    here = hook(SCHEMA=schema)
    status, document = here.send(body)
    assert (status, document["path"]) == (422, path), document
    assert here.queued() == []


def test_what_fits_the_schema_is_taken(hook: Callable[..., Hook], schema: str) -> None:
    """And is not changed."""
    here = hook(SCHEMA=schema)
    assert here.send(b'{"a": [1, 2]}')[0] == 202
    assert here.queued()[0].detail["input"] == {"a": [1, 2]}


def test_a_schema_that_is_not_there_lets_nobody_in(hook: Callable[..., Hook]) -> None:
    """The function does not start."""
    with pytest.raises(ModuleNotFoundError):
        hook(SCHEMA="no_such_schema")


def test_the_secret_before_stays_valid(hook: Callable[..., Hook], aws: Aws) -> None:
    """Two are valid at once; the one before them is not."""
    here = hook()
    new = [base64.b64encode(bytes([number] * 32)).decode() for number in (1, 2)]
    for number, secret in enumerate(new):
        aws.client("secretsmanager").put_secret_value(SecretId=aws.secret, SecretString=secret)
        assert here.send(secret=secret, delivery=f"new_{number}")[0] == 202
    assert here.send(secret=new[0], delivery="before")[0] == 202
    assert here.send(secret=SECRET, delivery="long ago")[0] == 401


def test_a_secret_that_is_none_lets_nobody_in(hook: Callable[..., Hook], aws: Aws) -> None:
    """It is our fault and not the caller's; the log says which secret."""
    here = hook()
    aws.client("secretsmanager").put_secret_value(SecretId=aws.secret, SecretString="short")
    here.module.keys._read_at = 0
    assert here.send(secret=base64.b64encode(b"short").decode())[0] == 503


class Store:
    """Secrets Manager, counted."""

    def __init__(self) -> None:
        """Begin with one secret."""
        self.values, self.calls = {"AWSCURRENT": "a" * 20}, 0

    def get_secret_value(self, SecretId: str, VersionStage: str) -> dict[str, str]:  # noqa: N803 - botocore's names
        """Return a stage's value."""
        self.calls += 1
        if VersionStage not in self.values:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "GetSecretValue")
        return {"SecretString": self.values[VersionStage]}


def test_secrets_are_read_now_and_then_and_not_at_will() -> None:
    """Kept for a minute; a bad signature has them read again, but no more than a few times in a row."""
    store, clock = Store(), [1000.0]
    keys = Keys(client=store, secret="s", form="github", clock=lambda: clock[0])
    assert keys.valid() == keys.valid() == (b"a" * 20,)
    assert store.calls == 2
    clock[0] += KEPT_SECONDS + 1
    keys.valid()
    assert store.calls == 4
    assert [keys.changed() for _ in range(100)] == [False] * 100
    assert store.calls == 4 + 2 * MAX_READS
    store.values = {"AWSPREVIOUS": "a" * 20, "AWSCURRENT": "b" * 20}
    assert not keys.changed()
    clock[0] += SECONDS_A_READ
    assert keys.changed()
    assert keys.valid() == (b"b" * 20, b"a" * 20)


def test_a_secret_before_that_was_none_is_passed_over() -> None:
    """Stripe's takes the place of a generated one; an empty current one is an error."""
    store = Store()
    store.values["AWSPREVIOUS"] = "short"
    assert Keys(client=store, secret="s", form="github").valid() == (b"a" * 20,)
    store.values["AWSCURRENT"] = ""
    with pytest.raises(SettingError):
        Keys(client=store, secret="s", form="github").valid()


@pytest.mark.parametrize("service", ["dynamodb", "secretsmanager"])
def test_an_aws_that_does_not_answer_is_told_as_such(
    hook: Callable[..., Hook], monkeypatch: pytest.MonkeyPatch, service: str
) -> None:
    """503, and when to come again; not a word of what is broken."""
    here = hook()
    target = here.module.records.client if service == "dynamodb" else here.module.keys.client
    call = "get_item" if service == "dynamodb" else "get_secret_value"
    monkeypatch.setattr(target, call, raising(refused("AccessDeniedException", "arn:secret", 403)))
    found = here.module.handler(event(standard(SECRET, BODY, now())), None)
    assert (found["statusCode"], found["headers"]["retry-after"]) == (503, "5")
    assert "arn" not in found["body"]


HEADERS = st.dictionaries(
    st.sampled_from([name for form in FORMS for name in SIGNERS[form](SECRET, b"", 0)]) | st.text(max_size=5),
    st.text(max_size=40),
)


def test_noise_never_raises_and_never_gets_in(hook: Callable[..., Hook], schema: str) -> None:
    """Whatever comes, the answer is JSON with a refusal's status."""
    here = hook(SCHEMA=schema)

    @settings(max_examples=300, deadline=None)
    @given(HEADERS, st.text() | st.none(), st.booleans(), st.sampled_from(["POST", "GET", ""]))
    def check(headers: dict[str, str], body: str | None, encoded: bool, method: str) -> None:
        status, document = here.answer(
            event(headers, method=method) | {"body": body, "isBase64Encoded": encoded}
        )
        assert status in (400, 401, 405)
        assert document["error"].startswith("Expected ")

    check()
    assert here.queued() == []


def test_signed_noise_never_raises(hook: Callable[..., Hook], schema: str) -> None:
    """Who has the secret may still send anything: it is taken, or refused as what it is."""
    here = hook(SCHEMA=schema)

    @settings(max_examples=300, deadline=None)
    @given(
        st.binary(max_size=200) | st.text(alphabet='[]{}",:0129.eE-truefalsn a', max_size=60).map(str.encode)
    )
    def check(body: bytes) -> None:
        assert here.send(body, at=now() - 10)[0] in (202, 400, 409, 422)

    check()
