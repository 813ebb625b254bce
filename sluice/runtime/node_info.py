"""Which node of a multi-node parallel job this is, from the variables that AWS Batch sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sluice.errors import SettingError

NODE_INDEX = "AWS_BATCH_JOB_NODE_INDEX"
_COUNT = "AWS_BATCH_JOB_NUM_NODES"
ADDRESS = "SLUICE_NODE_ADDRESS"
"""The node's own address, where no machine has to be asked for it: in tests."""
_MAIN = "AWS_BATCH_JOB_MAIN_NODE_PRIVATE_IPV4_ADDRESS"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeInfo:
    """One node: number ``rank`` of ``world_size``.

    ``main_address`` is empty on the main node, which is node 0. ``metadata`` is the address of the ECS agent,
    which knows this node's address where ``address`` is None.
    """

    rank: int
    world_size: int
    main_address: str = ""
    metadata: str | None = None
    address: str | None = None

    @property
    def is_main(self) -> bool:
        """Return whether this is the main node."""
        return self.rank == 0

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> NodeInfo | None:
        """Read which node this is, None for a job without nodes; raises SettingError.

        Source: https://docs.aws.amazon.com/batch/latest/userguide/mnp-env-vars.html
        """
        if NODE_INDEX not in env:
            return None
        node = cls(
            rank=whole_number(env, NODE_INDEX),
            world_size=whole_number(env, _COUNT),
            main_address=env.get(_MAIN, ""),
            metadata=env.get("ECS_CONTAINER_METADATA_URI_V4"),
            address=env.get(ADDRESS),
        )
        if not node.is_main and not node.main_address:
            raise SettingError(
                f"Expected {_MAIN} on node {node.rank}, found none. AWS Batch sets it on every node but the"
                " main one."
            )
        return node


def whole_number(env: Mapping[str, str], name: str, default: str = "") -> int:
    """Return a variable that is a whole number; raises SettingError."""
    text = env.get(name, default)
    if not (text.isascii() and text.isdecimal()):
        raise SettingError(
            f"Expected {name} to be a whole number, found {text!r}. AWS Batch and the submission set it."
        )
    return int(text)
