"""Requests and answers checked against botocore's model of AWS Batch, so that no shape is written by hand."""

from __future__ import annotations

from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from local.batch.api.errors import client_error


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
    return {} if shape is None else fit(shape.name, answer)


def fit(shape_name: str, value: dict[str, Any]) -> dict[str, Any]:
    """A value as a structure of the model has it; None members are left out, unknown members are a
    ValueError.
    """
    fitted: dict[str, Any] = _fit(_plan_of(shape_name), value)
    return fitted


class _Plan:
    """A shape of the model without botocore's cost of looking it up: `members` of a structure, `item` of a
    list.
    """

    __slots__ = ("item", "members", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.members: dict[str, _Plan | None] | None = None
        self.item: _Plan | None = None


@cache
def _plan_of(shape_name: str) -> _Plan:
    shape: Any = service().shape_for(shape_name)
    plan = _Plan(shape_name)
    if shape.type_name == "structure":
        plan.members = {name: _plan_or_none(member) for name, member in shape.members.items()}
    elif shape.type_name == "list":
        plan.item = _plan_or_none(shape.member)
    return plan


def _plan_or_none(shape: Any) -> _Plan | None:
    """The plan of what has members somewhere; a scalar, a map, or a list of scalars is taken as it is."""
    if shape.type_name == "structure":
        return _plan_of(shape.name)
    if shape.type_name == "list" and shape.member.type_name in ("structure", "list"):
        return _plan_of(shape.name)
    return None


def _fit(plan: _Plan | None, value: Any) -> Any:
    if plan is None:
        return _copy(value)
    members = plan.members
    if members is None:
        return [_fit(plan.item, each) for each in value]
    unknown = value.keys() - members.keys()
    if unknown:
        raise ValueError(f"{plan.name} has no member {sorted(unknown)}")
    return {name: _fit(members[name], each) for name, each in value.items() if each is not None}


def _copy(value: Any) -> Any:
    """A list or a map of its own, so that who gets an answer cannot change what is stored."""
    if isinstance(value, list):
        return list(value)
    return dict(value) if isinstance(value, dict) else value


def _wrong_enum(shape: Any, value: Any, path: str) -> str | None:
    """What is wrong with the first value that is none of its enumeration's; None where all are."""
    if shape.type_name == "structure":
        parts = [(shape.members[name], each, f"{path}.{name}".lstrip(".")) for name, each in value.items()]
    elif shape.type_name == "list":
        parts = [(shape.member, each, f"{path}[{place}]") for place, each in enumerate(value)]
    else:
        return _wrong_value(shape, value, path)
    return next((wrong for wrong in (_wrong_enum(*part) for part in parts) if wrong), None)


def _wrong_value(shape: Any, value: Any, path: str) -> str | None:
    allowed = getattr(shape, "enum", None)
    if not allowed:
        return None
    # "The values aren't case sensitive", of RetryAction alone:
    # https://docs.aws.amazon.com/batch/latest/APIReference/API_EvaluateOnExit.html
    if (value.upper() if shape.name == "RetryAction" else value) in allowed:
        return None
    return f"{path} must be one of {', '.join(allowed)}, but is {value}."
