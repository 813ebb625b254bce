"""moto's transactions, which copy only what they may change.

To undo a transaction that fails, moto copies the whole table before it, once for each of its items, which
took most of the time of tests that write many runs. A transaction changes no other partitions of a table than
those that it names, so that its copy may share the others.
"""

from __future__ import annotations

import copy
from contextvars import ContextVar
from typing import Any, cast

import pytest
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table

_Operations = list[dict[str, Any]]
_operations: ContextVar[_Operations | None] = ContextVar("operations", default=None)


def copy_what_is_named(patch: pytest.MonkeyPatch) -> None:
    """Let each transaction share with its copy what it cannot change."""
    write = DynamoDBBackend.transact_write_items

    def transact(backend: DynamoDBBackend, transact_items: _Operations) -> None:
        token = _operations.set(transact_items)
        try:
            write(backend, transact_items)
        finally:
            _operations.reset(token)

    patch.setattr(DynamoDBBackend, "transact_write_items", transact)
    patch.setattr(Table, "__deepcopy__", _copied, raising=False)


def _copied(table: Table, memo: dict[int, Any]) -> Table:
    """Return a copy of a table, as ``copy.deepcopy`` makes it but for what the transaction does not name."""
    operations = _operations.get()
    if operations is not None:
        named = _named(table, operations)
        # What a memo holds is not copied: https://docs.python.org/3/library/copy.html#copy.deepcopy
        memo.update({id(found): found for key, found in table.items.items() if key not in named})
    copied = cast(Table, Table.__new__(Table))
    memo[id(table)] = copied
    copied.__dict__.update(copy.deepcopy(table.__dict__, memo))
    return copied


def _named(table: Table, operations: _Operations) -> set[DynamoType]:
    """Return the partitions of a table that a transaction may change."""
    attribute = table.hash_key_attr
    wanted = (one for operation in operations for one in operation.values() if one["TableName"] == table.name)
    keys = (one.get("Item") or one.get("Key") or {} for one in wanted)
    return {DynamoType(key[attribute]) for key in keys if attribute in key}
