"""Requests checked against botocore's model of AWS Batch, and copied, before anything is done with them."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from typing import Any, Final

from botocore.validate import ParamValidator

from local.batch.api.errors import client_error
from local.batch.api.shapes import service

# https://smithy.io/2.0/spec/simple-types.html
_BITS: Final = {"integer": 31, "long": 63}


def accepted(operation: str, params: dict[str, Any]) -> dict[str, Any]:
    """A copy of a request without its null members; ClientException names the field that is wrong."""
    shape: Any = service().operation_model(operation).input_shape
    request: dict[str, Any] = _without_nulls(shape, params)
    report = ParamValidator().validate(request, shape)
    wrong = report.generate_report() if report.has_errors() else _wrong(shape, request, "")
    if wrong:
        raise client_error(f"Error executing request, Exception : {wrong}")
    return request


def _without_nulls(shape: Any, value: Any) -> Any:
    """A null member of a structure is one that is left out, as Smithy's JSON protocols have it.

    https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#shape-serialization
    """
    if isinstance(value, dict):
        if shape is None or shape.type_name != "structure":
            return dict(value)
        members = shape.members
        return {
            name: _without_nulls(members.get(name), each) for name, each in value.items() if each is not None
        }
    if isinstance(value, list):
        member = shape.member if shape is not None and shape.type_name == "list" else None
        return [_without_nulls(member, each) for each in value]
    return value


def _wrong(shape: Any, value: Any, path: str) -> str | None:
    """What is wrong with the first value that is out of its type's bounds; None where all are right."""
    if shape.type_name == "string":
        return _wrong_string(shape, value, path)
    if shape.type_name not in ("structure", "list", "map"):
        return _wrong_number(shape, value, path)
    most = shape.metadata.get("max")
    if most and len(value) > most:
        return f"{path} must have at most {most} entries, but has {len(value)}."
    return next((wrong for wrong in (_wrong(*part) for part in _parts(shape, value, path)) if wrong), None)


def _parts(shape: Any, value: Any, path: str) -> Iterator[tuple[Any, Any, str]]:
    """The shape, the value and the path of all that a value holds."""
    if shape.type_name == "structure":
        for name, each in value.items():
            yield shape.members[name], each, f"{path}.{name}".lstrip(".")
    elif shape.type_name == "list":
        for place, each in enumerate(value):
            yield shape.member, each, f"{path}[{place}]"
    else:
        for name, each in value.items():
            yield shape.key, name, f"{path} (a key)"
            yield shape.value, each, f"{path}.{name}"


def _wrong_number(shape: Any, value: Any, path: str) -> str | None:
    kind, most = shape.type_name, shape.metadata.get("max")
    if kind == "boolean":
        return None
    if isinstance(value, bool) or not isfinite(value):
        return f"{path} must be a number, but is {value}."
    bits = _BITS.get(kind)
    if bits and not -(1 << bits) <= value < 1 << bits:
        return f"{path} must be a number of {bits + 1} bits, but is out of that range."
    return f"{path} must be at most {most}, but is {value}." if most and value > most else None


def _wrong_string(shape: Any, value: str, path: str) -> str | None:
    longest = shape.metadata.get("max")
    if longest and len(value) > longest:
        return f"{path} must have at most {longest} characters, but has {len(value)}."
    allowed = shape.enum
    # "The values aren't case sensitive", of RetryAction alone:
    # https://docs.aws.amazon.com/batch/latest/APIReference/API_EvaluateOnExit.html
    if not allowed or (value.upper() if shape.name == "RetryAction" else value) in allowed:
        return None
    return f"{path} must be one of {', '.join(allowed)}, but is {value}."
