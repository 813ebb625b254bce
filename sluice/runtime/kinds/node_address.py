"""The address at which the other nodes of a multi-node job reach this one."""

from __future__ import annotations

import json
import socket
import time

from sluice.errors import SettingError

METADATA_SECONDS = 5
METADATA_TRIES = 3
# An address that no machine has: https://datatracker.ietf.org/doc/html/rfc5737
_UNUSED_ADDRESS = ("192.0.2.1", 9)


def own_address(metadata: str | None) -> str:
    """Return the address of this container's network interface, from the ECS agent at ``metadata``.

    Without an agent it is that of the interface towards the internet. Raises SettingError.
    """
    if metadata:
        return _address_from_agent(metadata)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(_UNUSED_ADDRESS)  # Sends nothing: it only chooses the interface.
        return str(probe.getsockname()[0])


def _address_from_agent(metadata: str) -> str:
    """Ask the agent.

    Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4.html
    """
    from urllib.request import ProxyHandler, build_opener

    found: object = None
    for attempt in range(METADATA_TRIES):
        try:
            time.sleep(attempt)
            with build_opener(ProxyHandler({})).open(metadata, timeout=METADATA_SECONDS) as answer:
                found = json.loads(answer.read())
                return str(found["Networks"][0]["IPv4Addresses"][0])  # type: ignore[index]
        except (OSError, ValueError, LookupError, TypeError) as error:
            found = found or error
    raise SettingError(
        f"Expected this node's address from {metadata}, found {str(found)[:200]}. Multi-node jobs run with"
        " awsvpc networking."
    )
