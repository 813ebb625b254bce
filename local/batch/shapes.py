"""Requests and answers checked against botocore's model of AWS Batch, so that no shape is written by hand."""

from __future__ import annotations

from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from local.batch.errors import client_error


@cache
def service() -> ServiceModel:
    """botocore's model of AWS Batch, loaded once."""
    return ServiceModel(Loader().load_service_model("batch", "service-2"), "batch")


def check_request(operation: str, params: dict[str, Any]) -> None:
    """Refuse a request that the model does not allow; ClientException names the field."""
    shape = service().operation_model(operation).input_shape
    if shape is None:
        return
    report = ParamValidator().validate(params, shape)
    if report.has_errors():
        raise client_error(f"Error executing request, Exception : {report.generate_report()}")
    wrong = _wrong_enum(shape, params, "")
    if wrong:
        raise client_error(f"Error executing request, Exception : {wrong}")


def fit_answer(operation: str, answer: dict[str, Any]) -> dict[str, Any]:
    """The answer without its empty (None) members; ValueError for a member that the model does not know."""
    shape = service().operation_model(operation).output_shape
    return {} if shape is None else fit(shape, answer)


def fit(shape: Any, value: Any) -> Any:
    """A value as a shape of the model has it; None members are left out, unknown members are a ValueError."""
    if shape.type_name == "structure":
        unknown = set(value) - set(shape.members)
        if unknown:
            raise ValueError(f"{shape.name} has no member {sorted(unknown)}")
        return {name: fit(shape.members[name], each) for name, each in value.items() if each is not None}
    if shape.type_name == "list":
        return [fit(shape.member, each) for each in value]
    return value


def only(shape_name: str, value: dict[str, Any]) -> dict[str, Any]:
    """The members of a dict that a shape of the model has."""
    shape: Any = service().shape_for(shape_name)
    return {name: each for name, each in value.items() if name in shape.members}


def _wrong_enum(shape: Any, value: Any, path: str) -> str | None:
    if shape.type_name == "structure":
        pairs = [(shape.members[name], each, f"{path}.{name}".lstrip(".")) for name, each in value.items()]
    elif shape.type_name == "list":
        pairs = [(shape.member, each, f"{path}[{place}]") for place, each in enumerate(value)]
    else:
        allowed = getattr(shape, "enum", None)
        if allowed and value not in allowed:
            return f"{path} must be one of {', '.join(allowed)}, but is {value}."
        return None
    return next((wrong for wrong in (_wrong_enum(*pair) for pair in pairs) if wrong), None)
