"""The light client signs as botocore does, and its answers and errors are botocore's."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import botocore.auth
import botocore.session
import pytest
from botocore import xform_name
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from botocore.exceptions import ClientError, HTTPClientError

from sluice.aws import clients
from sluice.aws.light_client import SERVICES, LightClient
from sluice.aws.signing import Credentials, Request, signed_headers
from stacks.blocks.functions.code import NOT_FOR_LAMBDAS

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize("token", ["", "session/token=="])
@pytest.mark.parametrize(
    ("service", "method", "path", "body", "query"),
    [
        ("dynamodb", "POST", "/", b'{"a": 1}', ""),
        ("batch", "POST", "/v1/submitjob", b"{}", ""),
        ("s3", "GET", "/a%20b/%C5%BE~x%2B", b"", ""),
        ("s3", "PUT", "/a%20b", b"content", ""),
        ("s3", "GET", "/", b"", "list-type=2&prefix=runs%2Fa%20b%2B%2F~"),
    ],
)
def test_a_signature_is_botocores(
    monkeypatch: pytest.MonkeyPatch, service: str, method: str, path: str, body: bytes, query: str, token: str
) -> None:
    """For each kind of request that is made."""
    host = f"{service}.eu-west-1.amazonaws.com"
    kind = botocore.auth.S3SigV4Auth if service == "s3" else botocore.auth.SigV4Auth
    monkeypatch.setattr(
        botocore.auth, "get_current_datetime", lambda: NOW.replace(tzinfo=None), raising=False
    )
    request = Request(
        service=service,
        region="eu-west-1",
        method=method,
        host=host,
        path=path,
        headers={"Content-Type": "x/y"},
        body=body,
        query=query,
    )
    ours = signed_headers(request, Credentials(access_key="AKID", secret_key="secret", token=token), NOW)
    unsigned = {
        name: value
        for name, value in ours.items()
        if name not in ("Authorization", "X-Amz-Date", "X-Amz-Security-Token")
    }
    theirs = AWSRequest(
        method=method, url=f"https://{host}{path}{query and '?'}{query}", headers=unsigned, data=body
    )
    theirs.context["payload_signing_enabled"] = True
    kind(BotocoreCredentials("AKID", "secret", token or None), service, "eu-west-1").add_auth(theirs)
    assert theirs.headers["X-Amz-Date"] == ours["X-Amz-Date"]
    assert theirs.headers["Authorization"] == ours["Authorization"]


class Server:
    """Answers as scripted and keeps what was asked; an answer of None closes the connection."""

    def __init__(self) -> None:
        """Listen on a free port."""
        self.answers: list[tuple[int, dict[str, str], bytes] | None] = []
        self.asked: list[tuple[str, dict[str, str], bytes]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                outer.asked.append(
                    (
                        self.path,
                        dict(self.headers),
                        self.rfile.read(int(self.headers.get("Content-Length", 0))),
                    )
                )
                answer = outer.answers.pop(0)
                if answer is None:
                    self.close_connection = True
                    return
                status, headers, body = answer
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST  # noqa: N815 - the names of http.server

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.01,))
        self.thread.start()

    def client(self, service: str) -> LightClient:
        """Return a client of this server."""
        credentials = Credentials(access_key="a", secret_key="s")
        endpoint = f"http://127.0.0.1:{self.http.server_port}"
        return LightClient(
            service=service,
            region="us-east-1",
            endpoint=endpoint,
            credentials=credentials,
            sleep=lambda seconds: None,
        )


@pytest.fixture
def server() -> Iterator[Server]:
    """A server on this machine."""
    server = Server()
    yield server
    server.http.shutdown()
    server.thread.join(10)
    server.http.server_close()


def ok(document: object) -> tuple[int, dict[str, str], bytes]:
    """Return a good answer."""
    return 200, {}, json.dumps(document).encode()


def test_bytes_travel_as_dynamodb_wants_them(server: Server) -> None:
    """In base64, both ways, and only in attributes of bytes."""
    server.answers = [ok({"Items": [{"d": {"B": "AAE="}, "B": {"S": "B"}}]})]
    answer = server.client("dynamodb").query(
        TableName="t", ExpressionAttributeValues={":a": {"B": b"\x00\x01"}}
    )
    path, headers, body = server.asked[0]
    assert (path, headers["X-Amz-Target"]) == ("/", "DynamoDB_20120810.Query")
    assert json.loads(body)["ExpressionAttributeValues"] == {":a": {"B": "AAE="}}
    assert answer["Items"] == [{"d": {"B": b"\x00\x01"}, "B": {"S": "B"}}]


@pytest.mark.parametrize("service", [name for name, one in SERVICES.items() if one.target])
def test_a_call_is_written_as_botocore_writes_it(server: Server, service: str) -> None:
    """The same target and the same version of the protocol; the calls are calls of the service."""
    model = botocore.session.get_session().get_service_model(service)
    known = {xform_name(name): name for name in model.operation_names}
    assert SERVICES[service].calls <= known.keys()
    for call in SERVICES[service].calls:
        server.answers = [ok({})]
        getattr(server.client(service), call)()
        headers = server.asked.pop()[1]
        assert headers["X-Amz-Target"] == f"{model.metadata['targetPrefix']}.{known[call]}"
        assert headers["Content-Type"] == f"application/x-amz-json-{model.metadata['jsonVersion']}"


def test_a_call_of_batch_goes_to_its_path(server: Server) -> None:
    """REST, with JSON both ways."""
    server.answers = [ok({"jobId": "1"})]
    assert server.client("batch").submit_job(jobName="a")["jobId"] == "1"
    assert (server.asked[0][0], json.loads(server.asked[0][2])) == ("/v1/submitjob", {"jobName": "a"})


@pytest.mark.parametrize(
    ("headers", "body", "code"),
    [
        ({"x-amzn-errortype": "ClientException:http://x/"}, b'{"message": "no"}', "ClientException"),
        (
            {},
            (
                b'{"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", "message":'
                b' "no"}'
            ),
            "ConditionalCheckFailedException",
        ),
        ({}, b"<Error><Code>NoSuchKey</Code><Message>no</Message></Error>", "NoSuchKey"),
        ({}, b"no", "400"),
    ],
)
def test_an_error_that_aws_answers_is_botocores_client_error(
    server: Server, headers: dict[str, str], body: bytes, code: str
) -> None:
    """Its code is read from wherever the service puts it, and it is not repeated."""
    server.answers = [(400, headers, body)]
    with pytest.raises(ClientError) as raised:
        server.client("dynamodb").update_item()
    assert (raised.value.response["Error"], raised.value.response["ResponseMetadata"]["HTTPStatusCode"]) == (
        {"Code": code, "Message": "no"},
        400,
    )


def test_the_reasons_of_a_cancelled_transaction_are_kept(server: Server) -> None:
    """The ledger tells a condition from a conflict by them."""
    reasons = [{"Code": "ConditionalCheckFailed"}, {"Code": "None"}]
    body = {"__type": "x#TransactionCanceledException", "CancellationReasons": reasons}
    server.answers = [(400, {}, json.dumps(body).encode())]
    with pytest.raises(ClientError) as raised:
        server.client("dynamodb").transact_write_items(TransactItems=[])
    assert raised.value.response["CancellationReasons"] == reasons


def test_what_a_condition_was_not_true_of_is_kept(server: Server) -> None:
    """A refused write is a read; bytes are read as botocore reads them."""
    item = {"pk": {"S": "RUN#a"}, "definition": {"B": "YWI="}}
    server.answers = [
        (400, {}, json.dumps({"__type": "x#ConditionalCheckFailedException", "Item": item}).encode())
    ]
    with pytest.raises(ClientError) as raised:
        server.client("dynamodb").update_item()
    assert dict(raised.value.response)["Item"] == {"pk": {"S": "RUN#a"}, "definition": {"B": b"ab"}}


@pytest.mark.parametrize(
    "passing",
    [(500, {}, b"{}"), (400, {}, b'{"__type": "x#ThrottlingException"}'), None],
    ids=["500", "throttled", "gone"],
)
def test_a_passing_fault_is_tried_again_with_the_same_token(server: Server, passing: Any) -> None:
    """A transaction whose answer was lost is not made twice."""
    server.answers = [passing, ok({})]
    server.client("dynamodb").transact_write_items(TransactItems=[])
    tokens = {json.loads(body)["ClientRequestToken"] for _, _, body in server.asked}
    assert (len(server.asked), len(tokens)) == (2, 1)


@pytest.mark.parametrize(
    ("passing", "error"),
    [((500, {}, b"{}"), ClientError), ((429, {}, b"{}"), ClientError), (None, HTTPClientError)],
)
def test_a_submission_is_never_repeated_by_the_client(
    server: Server, passing: Any, error: type[Exception]
) -> None:
    """SubmitJob has no token; who calls knows which answers are definite."""
    server.answers = [passing]
    with pytest.raises(error):
        server.client("batch").submit_job(jobName="a")
    assert len(server.asked) == 1


def test_every_call_that_a_lambda_makes_is_known() -> None:
    """The tests of handlers have botocore's clients, which know all calls."""
    root = Path(__file__).parents[3]
    core = [
        file for file in root.glob("sluice/**/*.py") if file.relative_to(root).parts[1] not in NOT_FOR_LAMBDAS
    ]
    made = {
        found.groups()
        for file in [*root.glob("lambdas/**/*.py"), *core]
        for found in re.finditer(r'(?<!_)client\("(\w+)"\)\.(\w+)\(', file.read_text())
    }
    assert ("s3", "put_object") in made
    assert [
        (name, call) for name, call in made if name in SERVICES and call not in SERVICES[name].calls
    ] == []


def test_an_object_is_read_by_its_encoded_key(server: Server) -> None:
    """In the path, where the endpoint is not AWS's."""
    server.answers = [(200, {}, b"content")]
    assert server.client("s3").get_object(Bucket="b", Key="a b/ž+").pop("Body").read() == b"content"
    assert server.asked[0][0] == "/b/a%20b/%C5%BE%2B"


def test_a_version_of_an_object_is_asked_for(server: Server) -> None:
    """In the query, encoded."""
    server.answers = [(200, {}, b"content")]
    server.client("s3").get_object(Bucket="b", Key="a", VersionId="v+/=1")
    assert server.asked[0][0] == "/b/a?versionId=v%2B%2F%3D1"


def test_a_page_of_keys_is_asked_for_and_read(server: Server) -> None:
    """Keys and sizes, and where the next page begins; an empty page is none."""
    keys = "".join(f"<Contents><Key>a&amp;b/{n}</Key><Size>{n}</Size></Contents>" for n in (7, 8))
    page = f"<ListBucketResult>{keys}<NextContinuationToken>1/+=</NextContinuationToken></ListBucketResult>"
    server.answers = [(200, {}, page.encode()), (200, {}, b"<ListBucketResult></ListBucketResult>")]
    s3 = server.client("s3")
    assert s3.list_objects_v2(Bucket="b", Prefix="a&b/") == {
        "Contents": [{"Key": "a&b/7", "Size": 7}, {"Key": "a&b/8", "Size": 8}],
        "NextContinuationToken": "1/+=",
    }
    more = {"ContinuationToken": "1/+=", "MaxKeys": 1}
    assert s3.list_objects_v2(Bucket="b", Prefix="a&b/", **more) == {"Contents": []}
    assert [asked[0] for asked in server.asked] == [
        "/b/?list-type=2&prefix=a%26b%2F",
        "/b/?continuation-token=1%2F%2B%3D&list-type=2&max-keys=1&prefix=a%26b%2F",
    ]


def test_connections_are_kept(server: Server) -> None:
    """One client, two calls, one connection."""
    server.answers = [ok({}), ok({})]
    client = server.client("sqs")
    client.send_message(QueueUrl="q", MessageBody="m")
    [(kept, _)] = client._connections.values()
    client.send_message(QueueUrl="q", MessageBody="m")
    assert [connection for connection, _ in client._connections.values()] == [kept]


def test_a_call_that_is_not_known_says_where_to_add_it() -> None:
    """Rather than being sent wrongly."""
    client = LightClient(
        service="sqs",
        region="r",
        endpoint="http://x",
        credentials=Credentials(access_key="a", secret_key="s"),
    )
    with pytest.raises(AttributeError, match="Add it to SERVICES"):
        client.purge_queue()


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The environment of a Lambda."""
    for name in (
        "AWS_ENDPOINT_URL",
        "AWS_USE_FIPS_ENDPOINT",
        "AWS_USE_DUALSTACK_ENDPOINT",
        "HTTPS_PROXY",
        "https_proxy",
    ):
        monkeypatch.delenv(name, raising=False)
    gives = {
        "AWS_LAMBDA_FUNCTION_NAME": "f",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_REGION": "eu-west-1",
    }
    for name, value in gives.items():
        monkeypatch.setenv(name, value)
    clients.client.cache_clear()
    yield monkeypatch
    clients.client.cache_clear()


@pytest.mark.parametrize("service", SERVICES)
def test_in_a_lambda_the_way_of_a_run_has_light_clients(
    environment: pytest.MonkeyPatch, service: str
) -> None:
    """At AWS's endpoint of the region, or at the one that the environment names."""
    assert clients.client(service).endpoint == f"https://{service}.eu-west-1.amazonaws.com"
    environment.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566/")
    assert clients.light_client(service).endpoint == "http://127.0.0.1:4566"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS_LAMBDA_FUNCTION_NAME", ""),
        ("AWS_ACCESS_KEY_ID", ""),
        ("AWS_USE_FIPS_ENDPOINT", "true"),
        ("AWS_REGION", "us-iso-east-1"),
    ],
)
def test_anywhere_else_they_are_botocores(environment: pytest.MonkeyPatch, name: str, value: str) -> None:
    """Where the environment does not say all, or says more than the light client knows."""
    environment.setenv(name, value)
    assert not clients.light_clients_suffice()
