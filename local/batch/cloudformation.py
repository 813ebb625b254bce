"""`AWS::Batch::*` in CloudFormation, as handlers for a provisioner.

create(logical_id, properties, stack_name) -> (physical id, attributes);
update(physical_id, old_properties, new_properties, stack_name) -> (physical id, attributes);
delete(physical_id, properties); named: the property that is the name, and what says whether a name is taken.
`Ref` is the physical id, `Fn::GetAtt` reads the attributes.
"""

from __future__ import annotations

from collections.abc import Mapping
from secrets import token_hex
from typing import Any, Protocol

from local.batch.api.errors import BatchApiError
from local.batch.api.shapes import service

Properties = dict[str, Any]
Result = tuple[str, dict[str, Any]]
Handlers = dict[str, dict[str, Any]]


class Api(Protocol):
    """AWS Batch's API, of the account and Region in which a resource is made."""

    def call(self, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        """Make a call."""


def HANDLERS(api: Api) -> Handlers:  # noqa: N802 - the name that the provisioner's table has
    """The handlers of every AWS::Batch type, over one API."""
    return {
        "AWS::Batch::ComputeEnvironment": _handlers(ComputeEnvironment(api)),
        "AWS::Batch::JobQueue": _handlers(JobQueue(api)),
        "AWS::Batch::JobDefinition": _handlers(JobDefinition(api)),
        "AWS::Batch::SchedulingPolicy": _handlers(SchedulingPolicy(api)),
        "AWS::Batch::ConsumableResource": _handlers(ConsumableResource(api)),
    }


def _handlers(resource: _Resource) -> dict[str, Any]:
    return {
        "create": resource.create,
        "update": resource.update,
        "delete": resource.delete,
        "named": (resource.name_property, resource.is_taken),
    }


_UPDATE_ONLY = ("UpdateToLatestImageVersion",)
_SCALING = ("MinvCpus", "MaxvCpus", "DesiredvCpus", "ScalingPolicy")


class _Resource:
    """One type: which operations create, update and delete it, and where its name stands."""

    create_operation = ""
    update_operation = ""
    name_property = ""
    arn_answer = ""
    attribute = ""
    # CloudFormation replaces a resource when one of these changes: "Update requires: Replacement" in
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Batch.html.
    replacing: tuple[str, ...] = ()
    # The operation that finds some by their names, its parameter, and where its answer has them.
    look_up = ("", "", "")

    def __init__(self, api: Api) -> None:
        self._api = api

    def create(self, logical_id: str, properties: Properties, stack_name: str) -> Result:
        """Create it; a name is made up where the template gives none."""
        named = {self.name_property: _made_up(stack_name, logical_id), **properties}
        answer = self._api.call(
            self.create_operation, request(self.create_operation, self.fresh(self.prepared(named)))
        )
        return self.result(str(answer[self.arn_answer]))

    def update(self, physical_id: str, old: Properties, new: Properties, stack_name: str) -> Result:
        """Change it in place, or make another one where a property says so.

        The provisioner deletes the old one when nothing uses it any more, as CloudFormation does in its
        clean-up: a queue of the same stack has the new environment then.
        """
        if self.is_replaced(old, new):
            return self.create(physical_id.rpartition("/")[2], self.renamed(old, new), stack_name)
        self.change(physical_id, new)
        self._retag(physical_id, old.get("Tags") or {}, new.get("Tags") or {})
        return self.result(physical_id)

    def is_replaced(self, old: Properties, new: Properties) -> bool:
        """Say whether a change needs a new resource."""
        return any(old.get(name) != new.get(name) for name in self.replacing)

    def delete(self, physical_id: str, properties: Properties) -> None:
        """Delete it; one that is gone already is fine."""
        raise NotImplementedError

    def change(self, physical_id: str, properties: Properties) -> None:
        """Change it in place."""
        raise NotImplementedError

    def is_taken(self, name: str) -> bool:
        """Say whether there is one of this name."""
        operation, parameter, answer = self.look_up
        return bool(self._api.call(operation, {parameter: [name]})[answer])

    def prepared(self, properties: Properties) -> Properties:
        """The properties as the API wants them."""
        return properties

    def fresh(self, properties: Properties) -> Properties:
        """The properties without those that only an update takes."""
        return properties

    def renamed(self, _old: Properties, new: Properties) -> Properties:
        """The properties of a replacement."""
        return new

    def result(self, arn: str) -> Result:
        """What Ref and Fn::GetAtt give."""
        return arn, {self.attribute: arn}

    def _retag(self, arn: str, old: Mapping[str, str], new: Mapping[str, str]) -> None:
        gone = [key for key in old if key not in new]
        if gone:
            self._api.call("UntagResource", {"resourceArn": arn, "tagKeys": gone})
        if new and new != old:
            self._api.call("TagResource", {"resourceArn": arn, "tags": dict(new)})

    def _call_if_there(self, operation: str, params: dict[str, Any]) -> bool:
        try:
            self._api.call(operation, params)
        except BatchApiError as error:
            if "does not exist" in error.message:
                return False
            raise
        return True


class ComputeEnvironment(_Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-batch-computeenvironment.html."""

    create_operation = "CreateComputeEnvironment"
    update_operation = "UpdateComputeEnvironment"
    name_property = "ComputeEnvironmentName"
    arn_answer = "computeEnvironmentArn"
    attribute = "ComputeEnvironmentArn"
    replacing = ("ComputeEnvironmentName", "Type", "EksConfiguration")
    look_up = ("DescribeComputeEnvironments", "computeEnvironments", "computeEnvironments")

    def is_replaced(self, old: Properties, new: Properties) -> bool:
        """`ReplaceComputeEnvironment`, true by default, replaces it where its instances have to be."""
        in_place = not _truth(new.get("ReplaceComputeEnvironment", True))
        return super().is_replaced(old, new) or (not in_place and _replaces_instances(old, new))

    def prepared(self, properties: Properties) -> Properties:
        """`Type` and `State` are written in any case in templates."""
        upper: Properties = {
            name: str(properties[name]).upper() for name in ("Type", "State") if name in properties
        }
        return {**properties, **upper}

    def fresh(self, properties: Properties) -> Properties:
        """`UpdateToLatestImageVersion` says what an update does to the instances that run."""
        if "ComputeResources" not in properties:
            return properties
        kept = {
            name: each for name, each in properties["ComputeResources"].items() if name not in _UPDATE_ONLY
        }
        return {**properties, "ComputeResources": kept}

    def change(self, physical_id: str, properties: Properties) -> None:
        """UpdateComputeEnvironment."""
        params = request(
            self.update_operation, {**self.prepared(properties), "ComputeEnvironment": physical_id}
        )
        self._api.call(self.update_operation, params)

    def delete(self, physical_id: str, _properties: Properties) -> None:
        """Disable and delete."""
        if self._call_if_there(
            self.update_operation, {"computeEnvironment": physical_id, "state": "DISABLED"}
        ):
            self._api.call("DeleteComputeEnvironment", {"computeEnvironment": physical_id})


def _replaces_instances(old: Properties, new: Properties) -> bool:
    """https://docs.aws.amazon.com/batch/latest/userguide/updating-compute-environments.html."""
    before, after = old.get("ComputeResources") or {}, new.get("ComputeResources") or {}
    if str(after.get("Type", "")).startswith("FARGATE"):
        return False
    names = (before.keys() | after.keys()) - {*_SCALING, *_UPDATE_ONLY}
    return any(before.get(name) != after.get(name) for name in names)


class JobQueue(_Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-batch-jobqueue.html."""

    create_operation = "CreateJobQueue"
    update_operation = "UpdateJobQueue"
    name_property = "JobQueueName"
    arn_answer = "jobQueueArn"
    attribute = "JobQueueArn"
    replacing = ("JobQueueName", "JobQueueType")
    look_up = ("DescribeJobQueues", "jobQueues", "jobQueues")

    def change(self, physical_id: str, properties: Properties) -> None:
        """UpdateJobQueue."""
        self._api.call(
            self.update_operation, request(self.update_operation, {**properties, "JobQueue": physical_id})
        )

    def delete(self, physical_id: str, _properties: Properties) -> None:
        """Disable and delete."""
        if self._call_if_there(self.update_operation, {"jobQueue": physical_id, "state": "DISABLED"}):
            self._api.call("DeleteJobQueue", {"jobQueue": physical_id})


class JobDefinition(_Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-batch-jobdefinition.html.

    An update registers a new revision and deregisters the old one, unless `ResourceRetentionPolicy` with
    `SkipDeregisterOnUpdate` says to keep it.
    """

    create_operation = "RegisterJobDefinition"
    name_property = "JobDefinitionName"
    arn_answer = "jobDefinitionArn"
    attribute = "JobDefinitionArn"

    def __init__(self, api: Api) -> None:
        super().__init__(api)
        self._kept: set[str] = set()

    def prepared(self, properties: Properties) -> Properties:
        """`Type` is written in any case in templates."""
        return {**properties, "Type": str(properties["Type"]).lower()}

    def is_taken(self, name: str) -> bool:
        """Say whether there is an active revision: the name is what CloudFormation identifies it by."""
        asked = {"jobDefinitionName": name, "status": "ACTIVE"}
        return bool(self._api.call("DescribeJobDefinitions", asked)["jobDefinitions"])

    def update(self, physical_id: str, old: Properties, new: Properties, stack_name: str) -> Result:
        """Register a new revision under the same name."""
        name = physical_id.rpartition("/")[2].partition(":")[0]
        named = new if "JobDefinitionName" in new else {**new, "JobDefinitionName": name}
        created = self.create(name, named, stack_name)
        if _truth((new.get("ResourceRetentionPolicy") or {}).get("SkipDeregisterOnUpdate", False)):
            self._kept.add(physical_id)
        else:
            self.delete(physical_id, old)
        return created

    def delete(self, physical_id: str, _properties: Properties) -> None:
        """Deregister, but not the revision that an update kept, which the provisioner takes for replaced."""
        if physical_id in self._kept:
            self._kept.remove(physical_id)
            return
        self._call_if_there("DeregisterJobDefinition", {"jobDefinition": physical_id})


class SchedulingPolicy(_Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-batch-schedulingpolicy.html."""

    create_operation = "CreateSchedulingPolicy"
    update_operation = "UpdateSchedulingPolicy"
    name_property = "Name"
    arn_answer = "arn"
    attribute = "Arn"
    replacing = ("Name",)

    def is_taken(self, name: str) -> bool:
        """Say whether there is one of this name."""
        listed = self._api.call("ListSchedulingPolicies", {})["schedulingPolicies"]
        return any(one["arn"].endswith(f"/{name}") for one in listed)

    def change(self, physical_id: str, properties: Properties) -> None:
        """UpdateSchedulingPolicy."""
        self._api.call(
            self.update_operation, request(self.update_operation, {**properties, "Arn": physical_id})
        )

    def delete(self, physical_id: str, _properties: Properties) -> None:
        """Delete."""
        self._call_if_there("DeleteSchedulingPolicy", {"arn": physical_id})


class ConsumableResource(_Resource):
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-batch-consumableresource.html."""

    create_operation = "CreateConsumableResource"
    update_operation = "UpdateConsumableResource"
    name_property = "ConsumableResourceName"
    arn_answer = "consumableResourceArn"
    attribute = "ConsumableResourceArn"
    replacing = ("ConsumableResourceName", "ResourceType")

    def is_taken(self, name: str) -> bool:
        """Say whether there is one of this name."""
        return self._call_if_there("DescribeConsumableResource", {"consumableResource": name})

    def result(self, arn: str) -> Result:
        """The quantities can be read as well."""
        found = self._api.call("DescribeConsumableResource", {"consumableResource": arn})
        names = ("AvailableQuantity", "InUseQuantity", "CreatedAt")
        return arn, {self.attribute: arn, **{name: found[name[0].lower() + name[1:]] for name in names}}

    def change(self, physical_id: str, properties: Properties) -> None:
        """UpdateConsumableResource, to the total that the template says."""
        quantity = int(properties["TotalQuantity"])
        params = {"consumableResource": physical_id, "operation": "SET", "quantity": quantity}
        self._api.call(self.update_operation, params)

    def delete(self, physical_id: str, _properties: Properties) -> None:
        """Delete."""
        self._call_if_there("DeleteConsumableResource", {"consumableResource": physical_id})


def request(operation: str, properties: Properties) -> dict[str, Any]:
    """Template properties as a request: the model's names for the template's, and only what the operation
    takes.
    """
    shape: Any = service().operation_model(operation).input_shape
    known = {name.lower(): name for name in shape.members}
    fitting = {name: value for name, value in properties.items() if name.lower() in known and value != {}}
    converted: dict[str, Any] = _convert(shape, fitting)
    return converted


def _convert(shape: Any, value: Any) -> Any:
    kind = shape.type_name
    if kind == "structure":
        names = {name.lower(): name for name in shape.members}
        pairs = ((names.get(name.lower(), name), each) for name, each in value.items())
        return {
            name: _convert(shape.members[name], each) if name in shape.members else each
            for name, each in pairs
        }
    if kind == "list":
        return [_convert(shape.member, each) for each in value]
    if kind == "map":
        return {str(name): str(each) for name, each in value.items()}
    return _scalar(kind, value)


def _scalar(kind: str, value: Any) -> Any:
    # Templates may write numbers and booleans as text.
    if kind in ("integer", "long"):
        return int(value)
    if kind in ("float", "double"):
        return float(value)
    return _truth(value) if kind == "boolean" else str(value)


def _truth(value: Any) -> bool:
    return str(value).lower() == "true"


def _made_up(stack_name: str, logical_id: str) -> str:
    return (
        f"{logical_id[:60]}-{token_hex(8)}"
        if not stack_name
        else f"{stack_name[:50]}-{logical_id[:50]}-{token_hex(6)}"
    )
