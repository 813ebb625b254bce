"""What a company asks of everything in its account: a permissions boundary and a path for roles, a key of its
own, tags. Each is a setting, and is applied to what the stacks made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from aws_cdk import App, CfnResource, Stack, Tags
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct, IConstruct

from sluice.pipeline.definition import Pipeline
from sluice.tags import APP, PIPELINE
from stacks.configuration import Configuration

TAGGED_OTHERWISE = (
    # A changed tag is a changed definition, with another name.
    "AWS::Batch::JobDefinition",
    # CloudFormation replaces an environment for a changed tag, which ends its jobs, and was reported to
    # replace the others, which fails for a queue with a name; `make deploy` tags them when it is over:
    # https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/2463 and
    # https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/2270
    "AWS::Batch::JobQueue",
    "AWS::Batch::ComputeEnvironment",
    "AWS::Batch::SchedulingPolicy",
)
# The roles of machines and of AWS Batch read and write nothing that is encrypted.
_WITHOUT_THE_KEY = ("/InstanceRole/", "/ServiceRole/")
# CloudFormation gives the tags of a stack to all that the stack has, environments of AWS Batch included:
# https://github.com/aws/aws-cdk/pull/31443
_STACK = "aws:cdk:stack"
_USED_BY = ("s3", "dynamodb", "sqs", "sns", "secretsmanager")


def fit_into_account(app: App, configuration: Configuration) -> None:
    """Give all resources of the app what the configuration says of the account."""
    _tag(app, {APP: configuration.stack_prefix}, TAGGED_OTHERWISE)
    tag(app, dict(configuration.tags))
    if not (configuration.permissions_boundary or configuration.role_path or configuration.kms_key):
        return
    for construct in app.node.find_all():
        if isinstance(construct, CfnResource):
            _fit(construct, configuration)


def tag(scope: Construct, tags: Mapping[str, str]) -> None:
    """Tag all resources in a construct, but for those whose tags CloudFormation cannot change in place, and
    for stacks, whose tags these would get too.
    """
    _tag(scope, tags, (*TAGGED_OTHERWISE, _STACK))


def tag_pipeline(scope: Construct, pipeline: Pipeline) -> None:
    """Tag all resources of a pipeline."""
    tag(scope, {PIPELINE: pipeline.name, **pipeline.tags})


def _tag(scope: Construct, tags: Mapping[str, str], but_for: Sequence[str]) -> None:
    for key, value in tags.items():
        Tags.of(scope).add(key, value, exclude_resource_types=list(but_for))


def _fit(resource: CfnResource, configuration: Configuration) -> None:
    if isinstance(resource, iam.CfnRole):
        if configuration.permissions_boundary:
            resource.permissions_boundary = configuration.permissions_boundary
        if configuration.role_path:
            resource.path = configuration.role_path
        if configuration.kms_key:
            _let_use(resource, configuration.kms_key)
    elif isinstance(resource, iam.CfnInstanceProfile | iam.CfnManagedPolicy):
        resource.path = configuration.role_path or resource.path
    elif configuration.kms_key:
        for kind, encrypt in _ENCRYPT.items():
            if isinstance(resource, kind):
                encrypt(resource, configuration.kms_key)


def _let_use(role: iam.CfnRole, key: str) -> None:
    """Let a role decrypt and encrypt with the key, through the services that hold its data alone."""
    if any(part in f"/{role.node.path}" for part in _WITHOUT_THE_KEY):
        return
    stack = Stack.of(role)
    via = [f"{service}.{stack.region}.{stack.url_suffix}" for service in _USED_BY]
    statement = iam.PolicyStatement(
        actions=["kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey"],
        resources=[key],
        conditions={"StringEquals": {"kms:ViaService": via}},
    )
    document = iam.PolicyDocument(statements=[statement])
    role.policies = [iam.CfnRole.PolicyProperty(policy_name="Key", policy_document=document)]


def _bucket(resource: CfnResource, key: str) -> None:
    rule = {
        # A key for the bucket: else each object would cost a call of KMS.
        "BucketKeyEnabled": True,
        "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key},
    }
    resource.add_property_override("BucketEncryption.ServerSideEncryptionConfiguration", [rule])


def _table(resource: CfnResource, key: str) -> None:
    resource.add_property_override(
        "SSESpecification", {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": key}
    )


def _queue(resource: CfnResource, key: str) -> None:
    resource.add_property_override("KmsMasterKeyId", key)
    resource.add_property_deletion_override("SqsManagedSseEnabled")


def _disks(resource: CfnResource, key: str) -> None:
    resource.add_property_override("LaunchTemplateData.BlockDeviceMappings.0.Ebs.KmsKeyId", key)


def _property(name: str) -> Callable[[CfnResource, str], None]:
    return lambda resource, key: resource.add_property_override(name, key)


_ENCRYPT: Mapping[type[IConstruct], Callable[[CfnResource, str], None]] = {
    s3.CfnBucket: _bucket,
    dynamodb.CfnTable: _table,
    sqs.CfnQueue: _queue,
    sns.CfnTopic: _property("KmsMasterKeyId"),
    logs.CfnLogGroup: _property("KmsKeyId"),
    secretsmanager.CfnSecret: _property("KmsKeyId"),
    ec2.CfnLaunchTemplate: _disks,
}
