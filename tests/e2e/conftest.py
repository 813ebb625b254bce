"""The app, deployed once with IAM enforced, and a burst of uploads that run side by side while the tests wait
for theirs.
"""

from __future__ import annotations

import pytest

from cli.commands.demo import files
from local.paths import LocalCloudPaths
from sluice.alerts.series_records import SORT_KEY
from tests.e2e.application import Application, Upload

WORDS = b"to be or not to be\n"
ODD_KEYS = {
    "spaces": "word-count/with  two spaces .txt",
    "plus and percent": "word-count/a+b%20c%2Bd%.txt",
    "quotes": 'word-count/it\'s "quoted" & <marked>.txt',
    "unicode": "word-count/Größe 漢字 🙂 é.txt",
    "1024 bytes": "word-count/" + "k" * (1024 - len("word-count/") - len(".txt")) + ".txt",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark these tests."""
    for item in items:
        if "/e2e/" in str(item.path):
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def app(deployed_cloud: LocalCloudPaths) -> Application:
    """The deployed app."""
    return Application(deployed_cloud)


@pytest.fixture(autouse=True)
def _an_hour_is_over(request: pytest.FixtureRequest) -> None:
    """Let failures of the tests before not be gathered with those of this one: whichever came first, each has
    its own e-mail.
    """
    if "app" not in request.fixturenames:
        return
    app: Application = request.getfixturevalue("app")
    table = {"TableName": app.outputs["LedgerTable"]}
    dynamodb = app.client("dynamodb")
    wanted = {"FilterExpression": "sk = :sk", "ExpressionAttributeValues": {":sk": {"S": SORT_KEY}}}
    for page in dynamodb.get_paginator("scan").paginate(**table, **wanted):
        for item in page["Items"]:
            dynamodb.delete_item(**table, Key={"pk": item["pk"], "sk": item["sk"]})


@pytest.fixture(scope="session")
def flights() -> bytes:
    """The header and the first 100,000 flights of the real file: about 9 MB."""
    return b"".join(files.flights().splitlines(keepends=True)[:100_001])


@pytest.fixture(scope="session")
def burst(app: Application, flights: bytes) -> dict[str, Upload]:
    """Uploads that are under way side by side."""
    uploads = {
        "flights": app.put("flights/2013.csv", flights),
        "text": app.put("word-count/text.txt", files.text()[:200_000]),
        "first": app.put("word-count/twice.txt", WORDS),
        "second": app.put("word-count/twice.txt", WORDS),
        "empty": app.put("word-count/empty.txt", b""),
        "broken": app.put("flights/weather.csv", files.broken()),
        "not utf-8": app.put("word-count/latin-1.txt", "é ".encode("latin-1") * 100_000),
        "deleted": app.put("flights/deleted.csv", flights[:1000]),
    }
    gone = uploads["deleted"]
    app.client("s3").delete_object(Bucket=app.outputs["InboxBucket"], Key=gone.key, VersionId=gone.version)
    return uploads | {name: app.put(key, WORDS) for name, key in ODD_KEYS.items()}


@pytest.fixture
def quiet(app: Application, burst: dict[str, Upload]) -> Application:
    """The app with nothing under way: for tests that change it for a while."""
    for upload in burst.values():
        app.ended(upload)
    return app
