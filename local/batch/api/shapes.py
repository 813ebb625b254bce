"""botocore's model of AWS Batch, and answers fitted to it, so that no shape is written by hand."""

from __future__ import annotations

from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel


@cache
def service() -> ServiceModel:
    """botocore's model of AWS Batch, loaded once."""
    return ServiceModel(Loader().load_service_model("batch", "service-2"), "batch")


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
