"""Whether a body fits the schema that the pipeline gives.

The schema was turned into Python at synthesis and comes as a layer (stacks/blocks/webhook/schema.py): reading
a schema and a library for it at each cold start would cost more than everything else here.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from lambdas.webhook.refusal import Refusal
from sluice.settings import NO_SCHEMA


def schema_check(module: str) -> Callable[[Any], None]:
    """Return what raises Refusal (422, with the place of the fault) for a body that does not fit.

    Raises ImportError when the schema is not there: without it nothing is let through.
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
            # A number that a multipleOf cannot be divided for, or a schema that goes round with a deep body.
            raise Refusal(
                422, f"Expected a body that can be checked, found: {type(error).__name__}.", path="body"
            ) from error

    return check
