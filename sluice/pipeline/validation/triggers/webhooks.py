"""Checks the webhook of a pipeline, and its schema: a wrong keyword in it would let every body through."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import best_match

from sluice.errors import Mistake
from sluice.pipeline.definition import Pipeline, Webhook
from sluice.pipeline.validation.fields import listed
from sluice.pipeline.validation.triggers.patterns import check_patterns

MAX_SCHEMA_BYTES = 32 * 1024
"""The module that is compiled from it is read at each cold start."""
# Draft 7's own schema, without keywords that it does not define: one of a later draft, or a misspelt one,
# would be ignored. `$defs` is where later drafts keep definitions; only a $ref reads it.
# https://json-schema.org/draft-07/schema
_STRICT = Draft7Validator(
    {
        **{name: rule for name, rule in Draft7Validator.META_SCHEMA.items() if name != "$id"},
        "properties": {
            **Draft7Validator.META_SCHEMA["properties"],
            "$defs": {"type": "object", "additionalProperties": {"$ref": "#"}},
        },
        "additionalProperties": False,
    }
)
_DRAFT = "http://json-schema.org/draft-07/schema"


def check_webhooks(pipeline: Pipeline) -> Iterator[Mistake]:
    """Yield what is wrong with a pipeline's webhook beside the types of its fields."""
    triggers = listed(pipeline.triggers)
    if sum(isinstance(trigger, Webhook) for trigger in triggers) > 1:
        yield Mistake(
            "triggers",
            "at most one Webhook",
            "several",
            "Keep one, and write a pipeline for each other sender.",
        )
    for number, trigger in enumerate(triggers):
        if isinstance(trigger, Webhook):
            yield from _rotation(f"triggers[{number}]", trigger)
            yield from _schema(f"triggers[{number}].schema", trigger.schema)


def _rotation(where: str, webhook: Webhook) -> Iterator[Mistake]:
    if webhook.rotate_days is not None and webhook.signature in ("github", "stripe"):
        fix = (
            f"Drop it, and change the secret there and here: {webhook.signature} has no API for a new secret."
        )
        yield Mistake(f"{where}.rotate_days", "none for this signature", repr(webhook.rotate_days), fix)


def _schema(where: str, schema: Any) -> Iterator[Mistake]:
    if not isinstance(schema, dict):
        return
    try:
        written = json.dumps(schema, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        yield Mistake(
            where,
            "a schema that JSON can hold",
            str(error),
            "Use dicts, lists, strings, numbers, True, False and None.",
        )
        return
    if (size := len(written.encode())) > MAX_SCHEMA_BYTES:
        yield Mistake(
            where,
            f"at most {MAX_SCHEMA_BYTES} bytes of JSON",
            f"{size} bytes",
            "Check less here, and the rest in a step.",
        )
    mistakes = [*_mistakes(where, schema), *check_patterns(where, schema)]
    yield from mistakes or _compiled(where, schema)


def _mistakes(where: str, schema: dict[str, Any]) -> Iterator[Mistake]:
    if str(schema.get("$schema", _DRAFT)).rstrip("#") != _DRAFT:
        yield Mistake(
            f"{where}.$schema",
            repr(_DRAFT),
            repr(schema["$schema"]),
            "Write the schema in draft 7, or leave $schema out.",
        )
    # Where one of several forms is allowed, the mistake of the form that nearly fits is reported.
    errors = [best_match([error]) for error in _STRICT.iter_errors(schema)]
    for error in sorted(errors, key=lambda error: error.json_path):
        place = where + error.json_path.removeprefix("$")
        yield Mistake(
            place,
            "a JSON schema of draft 7",
            error.message,
            "See https://json-schema.org/draft-07/json-schema-validation.",
        )
    for place, target in _references(where, schema):
        if not (isinstance(target, str) and target.startswith("#")):
            yield Mistake(
                place,
                "a $ref into the schema itself, such as '#/definitions/name'",
                repr(target),
                "Write the definition here.",
            )


def _references(where: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        yield from ((f"{where}.$ref", value["$ref"]) for _ in range("$ref" in value))
        for name, child in value.items():
            yield from _references(f"{where}.{name}", child)
    elif isinstance(value, list):
        for number, child in enumerate(value):
            yield from _references(f"{where}[{number}]", child)


def _compiled(where: str, schema: dict[str, Any]) -> Iterator[Mistake]:
    """Yield what only compiling the schema finds: an invalid pattern, a reference to nothing."""
    try:
        schema_code(schema)
    except (ValueError, LookupError, TypeError, ArithmeticError, RecursionError, re.error) as error:
        yield Mistake(
            where,
            "a schema that can be checked",
            f"{type(error).__name__}: {error}",
            "Correct its patterns and references.",
        )


def schema_code(schema: dict[str, Any]) -> str:
    """Return the Python module that checks a value against a schema: ``validate(value, name_prefix=…)``."""
    import fastjsonschema

    # A default in a schema is only a comment here: to apply it would change what the sender signed.
    nowhere = dict.fromkeys(("", "file", "http", "https"), _no_remote)
    return str(fastjsonschema.compile_to_code(schema, use_default=False, handlers=nowhere))


def _no_remote(uri: str) -> Any:
    raise ValueError(f"a reference elsewhere, {uri}")
