"""Who gets into a running cloud: callers who know its secret, or that of a key which it issued."""

import http.client
import io
import json
import os
import shutil
import subprocess
import sys
import uuid
import zipfile
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, Request, build_opener

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from local.emulator.credentials import chunks_match, is_of_user_pool
from local.paths import REGION, LocalCloudPaths
from local.secret_key import secret_key
from local.server import process
from local.server.process import control
from tests.conftest import free_port
from tests.local.server.test_cloud import ANYBODY, client, role_with

CALLS = [
    ("s3", "list_buckets"),
    ("sqs", "list_queues"),
    ("sts", "get_caller_identity"),
    ("dynamodb", "list_tables"),
    ("batch", "describe_job_queues"),
    ("lambda", "list_functions"),
    ("cloudformation", "list_stacks"),
    ("events", "list_rules"),
]
UNKNOWN = {"InvalidAccessKeyId", "InvalidClientTokenId", "UnrecognizedClientException"}
WRONG = {"SignatureDoesNotMatch", "InvalidSignatureException"}


def code(paths: LocalCloudPaths, service: str, call: str, **credentials: Any) -> str:
    """Return the error's code of a call with some credentials."""
    with pytest.raises(ClientError) as refused:
        getattr(client(paths, service, **credentials), call)()
    return str(refused.value.response["Error"]["Code"])


def fetched(url: str, body: bytes | None = None, method: str = "GET") -> tuple[int, bytes]:
    """Return the status and the body of an answer to a request without a header of ours."""
    try:
        with build_opener(ProxyHandler({})).open(Request(url, body, method=method), timeout=30) as answer:  # noqa: S310 - loopback
            return answer.status, answer.read()
    except HTTPError as error:
        return error.code, error.read()


@pytest.mark.parametrize(("service", "call"), CALLS)
def test_the_fixed_key_of_former_days_is_refused(cloud: LocalCloudPaths, service: str, call: str) -> None:
    """Everybody knows it; this cloud runs without IAM."""
    assert code(cloud, service, call, aws_secret_access_key="test") in WRONG


@pytest.mark.parametrize(("service", "call"), CALLS)
@pytest.mark.parametrize("key", ["test", "AKIA0000000000000000", "ASIA0000000000000000"])
def test_a_key_that_was_never_issued_is_refused(
    cloud: LocalCloudPaths, service: str, call: str, key: str
) -> None:
    """With any secret, this cloud's own too; ministack takes the first for the root user."""
    assert code(cloud, service, call, aws_access_key_id=key) in UNKNOWN


@pytest.mark.parametrize(("service", "call"), CALLS)
def test_another_account_needs_this_clouds_secret_too(
    cloud: LocalCloudPaths, service: str, call: str
) -> None:
    """Any account id is a key: each account is one of its own, and none opens without the secret."""
    account = {"aws_access_key_id": "111111111111"}
    assert code(cloud, service, call, **account, aws_secret_access_key="test") in WRONG


@pytest.mark.parametrize("path", ["/", "/bucket/key", "/_ministack/reset", "/_ministack/config", "/health"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"])
def test_an_unsigned_request_is_refused(cloud: LocalCloudPaths, method: str, path: str) -> None:
    """Whatever it asks for, ministack's own pages too."""
    assert fetched(cloud.endpoint + path, method=method)[0] == 403


@pytest.mark.parametrize("page", ["health", "iam", "calls", "messages", "faults", "ecs/task/127.0.0.1", "x"])
def test_the_pages_need_the_administrators_key(cloud: LocalCloudPaths, page: str) -> None:
    """Unsigned, and signed by a role, they are refused; a container's metadata without its token too."""
    assert fetched(f"{cloud.endpoint}/_sluice/{page}")[0] == 403
    role = role_with(cloud, "*")
    key = Credentials(
        *(role[f"aws_{name}"] for name in ("access_key_id", "secret_access_key", "session_token"))
    )
    request = AWSRequest("GET", f"{cloud.endpoint}/_sluice/{page}")
    SigV4Auth(key, "sluice", REGION).add_auth(request)
    with pytest.raises(HTTPError, match="403"):
        build_opener(ProxyHandler({})).open(Request(str(request.url), headers=dict(request.headers)))  # noqa: S310


def test_curl_reaches_the_pages(cloud: LocalCloudPaths) -> None:
    """As the pages of docs/ show it."""
    given = {**os.environ, **cloud.client_environment(), "NO_PROXY": "127.0.0.1"}
    command = (
        'curl -sf --aws-sigv4 "aws:amz:us-east-1:sluice" --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY"'
        ' -X PUT "$AWS_ENDPOINT_URL/_sluice/faults" -d "{}"'
    )
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    said = subprocess.run(["sh", "-c", command], env=given, capture_output=True, check=True)
    assert json.loads(said.stdout)["seed"] == control(cloud, "GET", "faults")["seed"]


def test_a_session_needs_its_token(cloud: LocalCloudPaths) -> None:
    """Its key alone, and with another session's token, is no key."""
    one, other = role_with(cloud), role_with(cloud)
    assert client(cloud, "sts", **one).get_caller_identity()["Arn"]
    without = {name: value for name, value in one.items() if name != "aws_session_token"}
    for wrong in (without, {**one, "aws_session_token": other["aws_session_token"]}):
        assert code(cloud, "sts", "get_caller_identity", **wrong) in UNKNOWN
    assert code(cloud, "sts", "get_caller_identity", **{**one, "aws_secret_access_key": "x"}) in WRONG


def test_the_account_has_no_token(cloud: LocalCloudPaths) -> None:
    """A session's token does not go with the administrator's key."""
    assert code(cloud, "sts", "get_caller_identity", aws_session_token="t") in UNKNOWN


def test_a_users_key_is_good_until_it_is_deleted(cloud: LocalCloudPaths) -> None:
    """As IAM gave it out."""
    iam, name = client(cloud, "iam"), f"user-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    given = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    assert client(cloud, "sts", **given).get_caller_identity()["Arn"].endswith(name)
    assert code(cloud, "s3", "list_buckets", **{**given, "aws_secret_access_key": "x"}) in WRONG
    iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    assert code(cloud, "s3", "list_buckets", **given) in UNKNOWN


@pytest.fixture
def bucket(cloud: LocalCloudPaths) -> str:
    """A new bucket."""
    name = f"bucket-{uuid.uuid4().hex[:12]}"
    client(cloud, "s3").create_bucket(Bucket=name)
    return name


@pytest.mark.parametrize("version", ["s3v4", "s3"])
@pytest.mark.parametrize("style", ["path", "virtual"])
@pytest.mark.parametrize("who", ["administrator", "role"])
def test_presigned_urls_work(cloud: LocalCloudPaths, bucket: str, version: str, style: str, who: str) -> None:
    """For a download and an upload, until a letter of them is changed."""
    credentials = role_with(cloud, "s3:*") if who == "role" else {}
    settings: Any = {"addressing_style": style}
    config = Config(signature_version=version, s3=settings)
    host = cloud.endpoint if style == "path" else cloud.endpoint.replace("127.0.0.1", "localhost")
    s3 = client(LocalCloudPathsAt(cloud, host), "s3", config=config, **credentials)
    upload, download = (
        s3.generate_presigned_url(name, Params={"Bucket": bucket, "Key": "a b+c"})
        for name in ("put_object", "get_object")
    )
    assert sent(cloud, upload, b"content", "PUT")[0] == 200
    assert sent(cloud, download) == (200, b"content")
    assert sent(cloud, download.replace("a%20b", "a%20c"))[0] == 403
    assert sent(cloud, upload)[0] == 403
    assert sent(cloud, download.partition("?")[0])[0] == 403


class LocalCloudPathsAt(LocalCloudPaths):
    """A cloud's paths with another name of this machine in its endpoint."""

    def __new__(cls, *_: Any) -> "LocalCloudPathsAt":
        return object.__new__(cls)

    def __init__(self, paths: LocalCloudPaths, endpoint: str) -> None:
        super().__init__(paths.port, paths.state)
        object.__setattr__(self, "_endpoint", endpoint)

    @property
    def endpoint(self) -> str:
        """The URL with the other name."""
        return str(object.__getattribute__(self, "_endpoint"))


def sent(paths: LocalCloudPaths, url: str, body: bytes = b"", method: str = "GET") -> tuple[int, bytes]:
    """Return the answer to a URL whose host need not be known to this machine's resolver."""
    found = urlsplit(url)
    connection = http.client.HTTPConnection("127.0.0.1", paths.port, timeout=30)
    connection.request(method, f"{found.path}?{found.query}", body or None, {"Host": found.netloc})
    answer = connection.getresponse()
    return answer.status, answer.read()


def test_chunks_are_checked() -> None:
    """Each chunk of a body in signed chunks; AWS's example.

    https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
    """
    seed = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
    chunks = [
        ("ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648", b"a" * 65536),
        ("0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497", b"a" * 1024),
        ("b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9", b""),
    ]
    body = b"".join(
        f"{len(data):x};chunk-signature={one}\r\n".encode() + data + b"\r\n" for one, data in chunks
    )
    authorization = (
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
        f"SignedHeaders=host,Signature={seed}"
    )
    headers = {"x-amz-date": "20130524T000000Z"}
    secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    assert chunks_match(body, authorization, headers, secret)
    assert not chunks_match(body.replace(b"aa\r\n", b"ab\r\n"), authorization, headers, secret)
    assert not chunks_match(body, authorization, headers, "another")


CODE = """
import json, os
def handler(event, context):
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    import boto3
    who = boto3.client("sts").get_caller_identity()["Arn"]
    found = json.dumps({"key": [os.environ.get(name, "") for name in names], "who": who})
    return {"statusCode": 200, "body": found}
"""


@pytest.fixture
def function(cloud: LocalCloudPaths) -> Iterator[str]:
    """A function that says who it is."""
    name = f"function-{uuid.uuid4().hex[:8]}"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.py", CODE)
    iam = client(cloud, "iam")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(ANYBODY))["Role"]["Arn"]
    functions = client(cloud, "lambda")
    functions.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=role,
        Handler="index.handler",
        Code={"ZipFile": packed.getvalue()},
        Timeout=30,
    )
    yield name
    functions.delete_function(FunctionName=name)


def url_of(cloud: LocalCloudPaths, function: str, auth: str) -> str:
    """Give a function a URL, and return the one that this machine can call."""
    made = client(cloud, "lambda").create_function_url_config(FunctionName=function, AuthType=auth)
    return f"{cloud.endpoint}/_aws/lambda-url/{urlsplit(made['FunctionUrl']).netloc.partition('.')[0]}/"


def test_a_function_has_a_session_of_its_role(cloud: LocalCloudPaths, function: str) -> None:
    """Also without IAM: neither the administrator's key nor one that can be guessed from its name."""
    found = client(cloud, "lambda").invoke(FunctionName=function)["Payload"].read()
    body = json.loads(json.loads(found)["body"])
    assert body["key"][0].startswith("ASIA")
    assert secret_key(cloud.secret_file) not in body["key"]
    assert f":assumed-role/{function}/" in body["who"]


def test_a_function_for_everybody_needs_no_key(cloud: LocalCloudPaths, function: str) -> None:
    """As webhooks on AWS; what stands beside it still needs one."""
    url = url_of(cloud, function, "NONE")
    assert fetched(url)[0] == 200
    assert fetched(url, b"{}", "POST")[0] == 200
    assert sent(cloud, f"{cloud.endpoint}/_ministack/reset?", b"", "POST")[0] == 403
    evil = url.replace("127.0.0.1", "evil.example")
    assert sent(cloud, f"{evil}?")[0] == 403
    host = f"{urlsplit(url).path.split('/')[3]}.lambda-url.us-east-1.localhost:{cloud.port}"
    assert sent(cloud, f"http://{host}/_ministack/reset?", b"", "POST")[0] == 403


def test_a_function_with_iam_needs_a_key(cloud: LocalCloudPaths, function: str) -> None:
    """AuthType AWS_IAM, with IAM off here."""
    assert fetched(url_of(cloud, function, "AWS_IAM"))[0] == 403


INTRUDER = """
import os, socket, sys
host = b"127.0.0.1".decode("idna")  # read from disk while that is allowed
os.setgroups([]); os.setgid(65534); os.setuid(65534)
state, port, pid = sys.argv[1], int(sys.argv[2]), sys.argv[3]
for name in ("", "secret-access-key", "cloud.log", "cloud.pid", "images", "tmp"):
    path = os.path.join(state, name)
    try:
        print("read", name, os.listdir(path) if os.path.isdir(path) else open(path).read())
    except PermissionError:
        print("refused")
    except FileNotFoundError:
        print("hidden")
for path in ("/", "/_sluice/health", "/_sluice/messages", "/_ministack/health"):
    with socket.create_connection((host, port)) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\\r\\nHost: {host}:{port}\\r\\n\\r\\n".encode())
        print(connection.recv(4096).split()[1].decode())
try:
    print("environment", open(f"/proc/{pid}/environ").read())
except PermissionError:
    print("refused")
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user of this machine")
def test_another_user_of_the_machine_gets_nothing() -> None:
    """They reach the port, and neither the secret nor a page, a service, the state, a log or an image."""
    with TemporaryDirectory() as open_to_all:
        Path(open_to_all).chmod(0o755)
        paths = LocalCloudPaths(free_port(), Path(open_to_all) / "cloud")
        pid = process.start(paths)
        try:
            said = subprocess.run(
                [sys.executable, "-I", "-c", INTRUDER, str(paths.state), str(paths.port), str(pid)],
                capture_output=True,
                text=True,
                check=False,
            )
        finally:
            process.stop(paths)
    assert said.stdout.split() == ["refused"] * 6 + ["403"] * 4 + ["refused"], said.stderr


@pytest.mark.parametrize(
    ("method", "path", "is_open"),
    [
        ("GET", "/oauth2/authorize", True),
        ("POST", "/login", True),
        ("POST", "/oauth2/token", True),
        ("GET", "/logout", True),
        ("GET", "/us-east-1_Ab3dE/.well-known/openid-configuration", True),
        ("GET", "/us-east-1_Ab3dE/.well-known/jwks.json", True),
        ("GET", "/bucket/.well-known/jwks.json", False),
        ("PUT", "/us-east-1_Ab3dE/.well-known/jwks.json", False),
        ("PUT", "/login", False),
        ("GET", "/login", False),
        ("GET", "/oauth2/authorize/more", False),
        ("POST", "/", False),
    ],
)
def test_the_pages_of_user_pools_are_for_everybody(method: str, path: str, is_open: bool) -> None:
    """What a browser, or a client of OpenID Connect, asks of a pool has no key of AWS; no bucket opens so."""
    assert is_of_user_pool(method, path) is is_open


def test_another_api_than_a_pools_pages_needs_a_key(cloud: LocalCloudPaths) -> None:
    """Cognito's own API as well."""
    status, _ = fetched(f"{cloud.endpoint}/oauth2/authorize")
    assert status == 400
    assert fetched(f"{cloud.endpoint}/login")[0] == 403
