"""Lacking: OpsItems of AWS Systems Manager. Here: enough to open one and to list those that are open.

https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateOpsItem.html
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from threading import Lock
from typing import Any

from local.emulator.services import Response

_JSON = "application/x-amz-json-1.1"
_REQUIRED = {"Title": 1024, "Description": 2048, "Source": 128}
"""Characters at most."""


class OpsItems:
    """The OpsItems of this cloud; none is ever resolved, so a deduplication string that was used stays
    used.
    """

    def __init__(self) -> None:
        self._items: dict[str, dict[str, Any]] = {}
        self._lock = Lock()

    def answer(self, headers: Mapping[str, str], body: bytes) -> Response | None:
        """Answer CreateOpsItem and DescribeOpsItems, and nothing else."""
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        if operation == "CreateOpsItem":
            return self._create(json.loads(body or b"{}"))
        if operation == "DescribeOpsItems":
            with self._lock:
                return _answer(200, {"OpsItemSummaries": list(self._items.values())})
        return None

    def _create(self, request: Mapping[str, Any]) -> Response:
        wrong = [name for name, limit in _REQUIRED.items() if not 1 <= len(request.get(name) or "") <= limit]
        if wrong:
            return _answer(
                400,
                {
                    "__type": "ValidationException",
                    "message": f"{', '.join(wrong)} must have a permitted length.",
                },
            )
        key = _deduplication(request.get("OperationalData") or {})
        with self._lock:
            if key in self._items:
                there = self._items[key]["OpsItemId"]
                return _answer(
                    400,
                    {
                        "__type": "OpsItemAlreadyExistsException",
                        "message": "It is open already.",
                        "OpsItemId": there,
                    },
                )
            made = {
                "OpsItemId": f"oi-{uuid.uuid4().hex[:12]}",
                "Status": "Open",
                **{name: request[name] for name in ("Title", "Source")},
            }
            made |= {
                "OperationalData": request.get("OperationalData") or {},
                "Severity": request.get("Severity", ""),
            }
            self._items[key] = made
        return _answer(200, {"OpsItemId": made["OpsItemId"]})


def _deduplication(data: Mapping[str, Any]) -> str:
    """Return what another OpsItem must not have, in lower case as AWS compares it; without a string every one
    is new.
    """
    given = (data.get("/aws/dedup") or {}).get("Value")
    return str(json.loads(given)["dedupString"]).lower() if given else uuid.uuid4().hex


def _answer(status: int, document: object) -> Response:
    return status, {"Content-Type": _JSON}, json.dumps(document).encode()
