"""Lacking: the ECS agent's metadata of a container. Here: the address of a node of a multi-node job."""

from ipaddress import AddressValueError, IPv4Address

PAGE = "ecs/"


def document(page: str) -> object:
    """Return the metadata of the container at `<task id>/<address>`; raises ValueError for another page.

    Response:
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-response.html
    """
    task, _, address = page.partition("/")
    if not task or not _is_loopback(address):
        message = f"Expected <task id>/<loopback address>, found {page!r}."
        raise ValueError(message)
    return {"DockerId": task, "Networks": [{"NetworkMode": "awsvpc", "IPv4Addresses": [address]}]}


def _is_loopback(address: str) -> bool:
    try:
        return IPv4Address(address).is_loopback
    except AddressValueError:
        return False
