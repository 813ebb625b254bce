"""Checks whether a body fits the schema of the pipeline.

The schema was compiled to Python at synthesis and comes as a layer (stacks/blocks/webhook_schema.py): to read
a schema and a library for it at each cold start would cost more than everything else here.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from lambdas.webhook.refusal import Refusal
from sluice.settings import NO_SCHEMA


def schema_check(module: str) -> Callable[[Any], None]:
    """Return a function that raises Refusal (422, with the path of the fault) for a body that does not fit.

    Raises ImportError when the schema is missing: then no request is accepted.
    """
    if module == NO_SCHEMA:
        return lambda value: None
    validate = import_module(module).validate
    refused = import_module("fastjsonschema").JsonSchemaValueException

    def check(value: Any) -> None:
        try:
            validate(value, name_prefix="body")
        except refused as error:
            raise Refusal(
                422, f"Expected a body that fits the schema, found: {error.message}.", path=error.name
            ) from error
        except (ArithmeticError, RecursionError) as error:
            # A number that multipleOf cannot divide, or a recursive schema with a deep body.
            raise Refusal(
                422, f"Expected a body that can be checked, found: {type(error).__name__}.", path="body"
            ) from error

    return check
