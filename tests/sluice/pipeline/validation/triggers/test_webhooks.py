"""The mistakes of a webhook are reported at synthesis, and its compiled schema equals its schema."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from sluice.pipeline.definition import Webhook
from sluice.pipeline.validation.triggers.webhooks import MAX_SCHEMA_BYTES, schema_code
from stacks.blocks.webhook_schema import MODULE, write_schema
from tests.sluice.pipeline.validation.pipelines import mistakes_of, valid


def mistakes(*webhooks: Any) -> str:
    """Return the mistakes of a pipeline with these triggers."""
    return mistakes_of(valid(triggers=list(webhooks)))


SCHEMAS: list[dict[str, Any]] = [
    {},
    {
        "type": "object",
        "required": ["a"],
        "properties": {"a": {"type": "integer", "minimum": 1}},
        "additionalProperties": False,
    },
    {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$defs": {"t": {"type": "string"}},
        "items": {"$ref": "#/$defs/t"},
    },
    {
        "definitions": {"tree": {"type": ["array", "null"], "items": {"$ref": "#/definitions/tree"}}},
        "$ref": "#/definitions/tree",
    },
    {
        "if": {"type": "string"},
        "then": {"pattern": "^[ab]+$", "maxLength": 3},
        "else": {"enum": [1, None, [1], {"a": 2}]},
    },
    {"oneOf": [{"multipleOf": 2}, {"multipleOf": 3}], "not": {"const": 0}},
    {
        "anyOf": [{"type": "boolean"}, {"type": "number", "exclusiveMaximum": 5}],
        "title": "a title",
        "default": 1,
        "examples": [1],
    },
    {
        "type": "array",
        "items": [{"type": "string"}],
        "additionalItems": {"type": "null"},
        "contains": {"type": "null"},
        "uniqueItems": True,
    },
    {
        "patternProperties": {"^a": {"type": "string"}},
        "propertyNames": {"maxLength": 2},
        "dependencies": {"b": ["a"]},
        "minProperties": 1,
    },
]


@pytest.mark.parametrize("schema", SCHEMAS)
@pytest.mark.parametrize("form", ["standard", "github", "stripe"])
def test_a_schema_of_draft_7_is_taken(schema: dict[str, Any], form: Any) -> None:
    """With every word that the draft has."""
    assert mistakes(Webhook(signature=form, schema=schema)) == ""


@pytest.mark.parametrize(
    ("webhook", "where", "says"),
    [
        (
            Webhook(signature="gitlab"),  # type: ignore[arg-type]
            "triggers[0].signature",
            "'standard', 'github' or 'stripe', found 'gitlab'",
        ),
        (Webhook(schema=[]), "triggers[0].schema", "valid dictionary"),  # type: ignore[arg-type]
        (Webhook(schema={"type": "strin"}), "triggers[0].schema.type", "'strin' is not"),
        (
            Webhook(schema={"properties": {"a": {"minimum": "1"}}}),
            "triggers[0].schema.properties.a.minimum",
            "'1' is not of type 'number'",
        ),
        (Webhook(schema={"requird": ["a"]}), "triggers[0].schema", "'requird' was unexpected"),
        (
            Webhook(schema={"items": {"prefixItems": []}}),
            "triggers[0].schema.items",
            "'prefixItems' was unexpected",
        ),
        (
            Webhook(schema={"$schema": "https://json-schema.org/draft/2020-12/schema"}),
            "triggers[0].schema.$schema",
            "draft-07",
        ),
        (
            Webhook(schema={"items": {"$ref": "https://example.com/a.json"}}),
            "triggers[0].schema.items.$ref",
            "into the schema itself",
        ),
        (
            Webhook(schema={"$ref": "file:///etc/hostname"}),
            "triggers[0].schema.$ref",
            "into the schema itself",
        ),
        (Webhook(schema={"$ref": "#/definitions/none"}), "triggers[0].schema", "Unresolvable ref"),
        (Webhook(schema={"pattern": "("}), "triggers[0].schema", "unterminated subpattern"),
        (Webhook(schema={"const": float("inf")}), "triggers[0].schema", "a schema that JSON can hold"),
        (Webhook(schema={"const": {"a set"}}), "triggers[0].schema", "a schema that JSON can hold"),
        (
            Webhook(schema={"description": "a" * MAX_SCHEMA_BYTES}),
            "triggers[0].schema",
            f"at most {MAX_SCHEMA_BYTES} bytes",
        ),
        (Webhook(rotate_days=0), "triggers[0].rotate_days", "greater than or equal to 1"),
        (Webhook(signature="github", rotate_days=30), "triggers[0].rotate_days", "none for this signature"),
        (Webhook(signature="stripe", rotate_days=30), "triggers[0].rotate_days", "none for this signature"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_mistake_is_reported_at_its_field(webhook: Webhook, where: str, says: str) -> None:
    """The field, what was expected, what was found."""
    found = mistakes(webhook)
    assert f"- {where}: " in found
    assert says in found


def test_every_mistake_of_a_schema_is_reported() -> None:
    """Not the first alone."""
    found = mistakes(
        Webhook(schema={"type": "strin", "properties": {"a": {"minimum": "1"}, "b": {"enum": 5}}})
    )
    assert found.count("a JSON schema of draft 7") == 3


def test_a_pipeline_has_one_address() -> None:
    """A second webhook would be another one."""
    assert "at most one Webhook, found several" in mistakes(Webhook(), Webhook(signature="github"))


def compiled(schema: dict[str, Any]) -> ModuleType:
    """Return the module that a schema becomes."""
    module = ModuleType(MODULE)
    exec(schema_code(schema), module.__dict__)  # noqa: S102 - our own schema
    return module


MODULES = [compiled(schema) for schema in SCHEMAS]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-6, 6)
    | st.floats(-6, 6)
    | st.sampled_from(["a", "b", "aba", "abab", "c", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "ab", "abc"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.mark.parametrize("number", range(len(SCHEMAS)))
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(value=JSON)
def test_what_a_schema_becomes_agrees_with_another_library(number: int, value: Any) -> None:
    """The code refuses exactly what jsonschema, which is older and slower, refuses; and it changes
    nothing.
    """
    before = repr(value)
    try:
        MODULES[number].validate(value)
        accepted = True
    except ValueError:
        accepted = False
    assert accepted == Draft7Validator(SCHEMAS[number]).is_valid(value)
    assert repr(value) == before


def test_the_layer_needs_nothing_but_itself(tmp_path: Path) -> None:
    """The module and the exceptions are imported without the library that wrote them."""
    import subprocess

    write_schema(tmp_path, SCHEMAS[1])
    code = """
import sys, webhook_schema, fastjsonschema
webhook_schema.validate({"a": 1}, name_prefix="body")
try:
    webhook_schema.validate({"a": 0}, name_prefix="body")
except fastjsonschema.JsonSchemaValueException as error:
    print(error.name, fastjsonschema.__file__)
"""
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{code}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    name, file = ran.stdout.split()
    assert name == "body.a"
    assert Path(file).is_relative_to(tmp_path)
