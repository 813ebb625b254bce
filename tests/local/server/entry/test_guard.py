"""What a web page of another site could send, and what is refused before anything else sees it."""

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from local.paths import LocalCloudPaths
from local.server.entry.guard import refusal
from local.server.process import control
from tests.local.server.test_cloud import client

PORT = 4566
EVIL = "http://evil.example"
OWN_HOSTS = ("127.0.0.1:4566", "localhost:4566", "LOCALHOST:4566", "[::1]:4566", "bucket.localhost:4566")
FOREIGN_HOSTS = (
    "evil.example:4566",
    "evil.example",
    "127.0.0.1",
    "localhost",
    "127.0.0.1:80",
    "127.0.0.1:4566.evil.example",
    "127.0.0.1.evil.example:4566",
    "localhost.evil.example:4566",
    "evillocalhost:4566",
    "localhost.:4566",
    ".localhost:4566",
    "127.0.0.1:4566:4566",
    "127.0.0.2:4566",
    "0.0.0.0:4566",
    "user@127.0.0.1:4566",
    "",
)


def headers(host: str, **more: str) -> list[tuple[bytes, bytes]]:
    """Return headers as ASGI has them."""
    named = {"host": host, **{name.replace("_", "-"): value for name, value in more.items()}}
    return [(name.encode(), value.encode()) for name, value in named.items()]


@pytest.mark.parametrize("host", OWN_HOSTS)
def test_this_machines_names_are_let_in(host: str) -> None:
    """Without and with the headers that a page of this very address sends."""
    assert refusal(headers(host), PORT) is None
    assert refusal(headers(host, origin=f"http://{host}", sec_fetch_site="same-origin"), PORT) is None
    assert refusal(headers(host, sec_fetch_site="none"), PORT) is None


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_another_host_is_refused(host: str) -> None:
    """As a browser sends it whose page's name was rebound to loopback."""
    assert "Expected the Host" in (refusal(headers(host), PORT) or "")


@pytest.mark.parametrize(
    ("path", "origin", "is_refused"),
    [
        ("/_aws/lambda-url/abc123/api", "https://abc123.lambda-url.us-east-1.on.aws", False),
        ("/_aws/lambda-url/abc123/api", "https://other.lambda-url.us-east-1.on.aws", True),
        ("/_aws/lambda-url/abc123/api", "http://abc123.lambda-url.us-east-1.on.aws", True),
        ("/_aws/lambda-url/abc123/api", EVIL, True),
        ("/bucket/key", "https://abc123.lambda-url.us-east-1.on.aws", True),
    ],
)
def test_a_functions_page_may_have_its_own_name_on_aws(path: str, origin: str, is_refused: bool) -> None:
    """Of this very function, and for its address alone."""
    found = refusal(headers("127.0.0.1:4566", origin=origin), PORT, path)
    assert (found is not None) is is_refused


def test_no_host_and_two_hosts_are_refused() -> None:
    """Neither says where the request was meant to go."""
    assert refusal([], PORT)
    assert refusal(headers(OWN_HOSTS[0]) * 2, PORT)


@pytest.mark.parametrize(
    "origin", [EVIL, "null", "", "https://127.0.0.1:4566", "http://127.0.0.1", "http://localhost:3000"]
)
def test_another_origin_is_refused(origin: str) -> None:
    """Also another server's on this machine, and that of a page in a sandbox."""
    assert "found the Origin" in (refusal(headers(OWN_HOSTS[0], origin=origin), PORT) or "")


@pytest.mark.parametrize("site", ["cross-site", "same-site", "", "other"])
def test_another_site_is_refused(site: str) -> None:
    """The browser says that the page is not this address's."""
    assert "Sec-Fetch-Site" in (refusal(headers(OWN_HOSTS[0], sec_fetch_site=site), PORT) or "")


def test_one_good_header_does_not_cover_a_bad_one() -> None:
    """A header that stands twice is refused for either value."""
    good = headers(OWN_HOSTS[0], origin=f"http://{OWN_HOSTS[0]}", sec_fetch_site="none")
    assert refusal([*good, (b"origin", EVIL.encode())], PORT)
    assert refusal([*good, (b"Sec-Fetch-Site", b"cross-site")], PORT)


@contextmanager
def sent(
    paths: LocalCloudPaths, method: str, path: str, given: dict[str, str], body: bytes = b""
) -> Iterator[http.client.HTTPResponse]:
    """Yield the answer to a request with these very headers."""
    connection = http.client.HTTPConnection("127.0.0.1", paths.port, timeout=30)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in {"Host": f"127.0.0.1:{paths.port}", **given}.items():
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        yield connection.getresponse()
    finally:
        connection.close()


FORM = {"Origin": EVIL, "Sec-Fetch-Site": "cross-site"}
FIXED_KEY = (
    "AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/lambda/aws4_request, SignedHeaders=host,"
    " Signature=0"
)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_form_of_another_sites_page_does_nothing(cloud: LocalCloudPaths, kind: str) -> None:
    """The three kinds that need no preflight."""
    body = b"Action=CreateTopic&Name=pwned&Version=2010-03-31"
    with sent(cloud, "POST", "/", {**FORM, "Content-Type": kind}, body) as answer:
        assert answer.status == 403
        assert "Origin" in json.loads(answer.read())["error"]
    assert "pwned" not in str(client(cloud, "sns").list_topics())


def test_a_function_cannot_be_created_from_a_page(cloud: LocalCloudPaths) -> None:
    """What ran code as the developer: a form post to Lambda with the key that was fixed once."""
    body = json.dumps({"FunctionName": "pwned", "Role": "r", "Code": {"ZipFile": ""}}).encode()
    path = "/2015-03-31/functions?X-Amz-Credential=000000000000/20260101/us-east-1/lambda/aws4_request"
    for given in (FORM, {"Authorization": FIXED_KEY}, {}):
        with sent(cloud, "POST", path, {"Content-Type": "text/plain", **given}, body) as answer:
            assert answer.status == 403
    assert "pwned" not in str(client(cloud, "lambda").list_functions())


def test_a_rebound_name_does_nothing(cloud: LocalCloudPaths) -> None:
    """Same-origin for the browser: only Host tells."""
    host = f"evil.example:{cloud.port}"
    given = {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
    for method, path in (("GET", "/"), ("POST", "/"), ("GET", "/_sluice/health"), ("OPTIONS", "/")):
        with sent(cloud, method, path, given) as answer:
            assert answer.status == 403


@pytest.mark.parametrize("path", ["/", "/_sluice/faults", "/_aws/lambda-url/x/", "/bucket/key"])
def test_no_preflight_is_granted(cloud: LocalCloudPaths, path: str) -> None:
    """OPTIONS of another site's page is refused, and no answer allows an origin anything."""
    asked = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "authorization"}
    for given in ({**FORM, **asked}, asked):
        with sent(cloud, "OPTIONS", path, given) as answer:
            assert answer.status == 403
            assert [name for name, _ in answer.getheaders() if name.lower().startswith("access-")] == []


def test_answers_allow_no_other_origin(cloud: LocalCloudPaths) -> None:
    """Neither AWS's own nor an error's."""
    answers = [client(cloud, service) for service in ("s3", "sqs")]
    found = [answers[0].list_buckets(), answers[1].list_queues()]
    for one in found:
        assert not [name for name in one["ResponseMetadata"]["HTTPHeaders"] if name.startswith("access-")]
    with sent(cloud, "GET", "/", {}) as answer:
        assert not [name for name, _ in answer.getheaders() if name.lower().startswith("access-")]


def test_a_web_socket_is_refused(cloud: LocalCloudPaths) -> None:
    """A browser opens them to any site; nothing here speaks one."""
    given = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    with sent(cloud, "GET", "/_aws/execute-api/x/y", given) as answer:
        assert answer.status == 403


def test_the_cloud_lives_on(cloud: LocalCloudPaths) -> None:
    """After all of this it answers its own user."""
    assert control(cloud, "GET", "health")["status"] == "ready"
