"""The wildcards that IAM statements may have, each with its reason. cdk-nag's findings and the templates are
compared with this list.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Exception_:  # noqa: N801 - the builtin has the name
    """A resource pattern that the roles matching ``role`` may have."""

    role: str
    resource: str
    reason: str

    def covers(self, role: str, resource: str) -> bool:
        """Return whether this exception is about a role and a resource."""
        return re.search(self.role, role) is not None and re.fullmatch(self.resource, resource) is not None


EXCEPTIONS = (
    Exception_(
        r"(Trigger|FanOut|Track|Alert|Start)/?Role",
        r"\*",
        "Batch's look-ups have no resource-level permissions: "
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbatch.html; "
        "and an OpsItem that is to be made has no ARN yet.",
    ),
    Exception_(
        r"(Trigger|FanOut|Track)/?Role",
        r"arn:<AWS::Partition>:batch:<AWS::Region>:<AWS::AccountId>:job-definition/sluice-\*",
        "A run keeps the definitions that it started with, and those of later pipelines are not known when"
        " the control stack is deployed; they are all of this app, and only its own queues take them.",
    ),
    Exception_(
        r"(Trigger|FanOut|Track|Start)/?Role",
        r"arn:<AWS::Partition>:batch:<AWS::Region>:<AWS::AccountId>:job/\*",
        "Jobs are tagged when they are submitted, when they have no ARN yet; a condition says with which"
        " tags.",
    ),
    Exception_(
        r"(Trigger|FanOut|Track)/?Role",
        r"arn:<AWS::Partition>:batch:<AWS::Region>:<AWS::AccountId>:consumable-resource/\*",
        "The limits of pipelines have no names of ours, and those of later pipelines are not known when the"
        " control stack is deployed.",
    ),
    Exception_(
        r"Trigger/?Role",
        r"arn:<AWS::Partition>:s3:::cdk-[a-z0-9]+-assets-<AWS::AccountId>-<AWS::Region>/SluicePipelines/\*\.json",
        "The CDK's bucket for files, below the name of the stack of the pipelines; the key of a compiled"
        " pipeline is its hash, which a later deploy may change.",
    ),
    Exception_(
        r"Trigger/?Role",
        r"arn:<AWS::Partition>:s3:::cdk-[a-z0-9]+-assets-<AWS::AccountId>-<AWS::Region>/\?{64}\.json",
        "Compiled pipelines of a deploy before 2026-12 have hashes alone for names; for one version.",
    ),
    Exception_(
        r"Grouping/?Group/?Role",
        r".*/runs/\*/trigger/(items\.jsonl|index\.bin)",
        "The list of the files that start a run, of any pipeline that gathers; it is one Lambda, and nothing"
        " else of the work bucket.",
    ),
    Exception_(
        r"(Track|Alert)/?Role",
        r".*/runs/\*/failures/\*",
        "The reports of any run, and nothing else of the work bucket.",
    ),
    Exception_(
        r"Track/?Role",
        r".*/runs/\*/failed-items/\*",
        "The items of any run that failed, which it publishes when the run has failed.",
    ),
    Exception_(
        r"Track/?Role",
        r"<?\w*SluiceStorage:\w*Results\w*>?/\*/failed\.jsonl",
        "The file with the failed items of any run that failed, and no other result.",
    ),
    Exception_(
        r"Alert/?Role",
        r"arn:<AWS::Partition>:logs:<AWS::Region>:<AWS::AccountId>:log-group:/SluicePipelines/\*",
        "The log groups of jobs are made after the control stack; their names begin with their stack's. The"
        " streams are in the wildcard.",
    ),
    Exception_(
        r"Start/?Role",
        r"arn:<AWS::Partition>:batch:<AWS::Region>:<AWS::AccountId>:job-definition/sluice-[a-z0-9-]+-\*",
        "A run keeps the definitions that it started with, of any earlier deploy. Those of a pipeline whose"
        " name goes on where this one's ends match too; such a job would run under that pipeline's own role,"
        " and end at once, for no run names it.",
    ),
    Exception_(
        r"Start/?Role",
        r".*/runs/[a-z0-9-]+-\?{20}/start/failures/\*",
        "Where the start jobs of this one pipeline leave the report of their failure.",
    ),
    Exception_(
        r"InstanceRole",
        r"\*",
        "ecs:DiscoverPollEndpoint has no resource-level permissions: "
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html",
    ),
    Exception_(
        r"InstanceRole",
        r"arn:<AWS::Partition>:ecs:<AWS::Region>:<AWS::AccountId>:(cluster|container-instance)/\*",
        "AWS Batch chooses the names of its clusters, and makes them after the role.",
    ),
    Exception_(
        r"ExecutionRole",
        r"\*",
        "ecr:GetAuthorizationToken has no resource-level permissions: "
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html",
    ),
    Exception_(
        r"(JobRole|CleanupRole)",
        r".*/runs/[a-z0-9-]+-\?{20}/\*",
        "What the runs of this one pipeline pass on; the 20 characters of a run's id are counted, so that no"
        " other pipeline's match.",
    ),
    Exception_(
        r"JobRole",
        r"<?\w*SluiceStorage:\w*Inbox\w*>?/[\w!.'()/-]+\*",
        "The files that start this pipeline, or come with its requests.",
    ),
    Exception_(
        r"JobRole",
        r"<?\w*SluiceStorage:\w*Results\w*>?/(?P<pipeline>[a-z0-9-]+)/(?P=pipeline)-\?{20}/\*",
        "The results of this pipeline's runs.",
    ),
    Exception_(
        r"CleanupRole",
        r"<?\w*SluiceStorage:\w*Results\w*>?/(?P<pipeline>[a-z0-9-]+)/(?P=pipeline)-\?{20}/"
        r"(failed\.jsonl|_sluice\.json|_sluice\.html|\*)",
        "What this pipeline's runs published, which it reads for their receipts, and the three files that it"
        " writes there.",
    ),
)

_ARN = r"arn:<AWS::Partition>:{}:<AWS::Region>:<AWS::AccountId>:{}"
OF_THE_CONSOLE = (
    Exception_(
        r"Console/?Role",
        r"\*",
        "Batch's look-ups have no resource-level permissions, and which alarms are raised is asked without"
        " naming one: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbatch.html",
    ),
    Exception_(
        r"Console/?Role",
        _ARN.format("cloudformation", r"stack/Sluice(Storage|Compute|Control|Pipelines)/\*"),
        "The outputs of Sluice's own stacks; what follows a stack's name is an id of each of its lives.",
    ),
    Exception_(
        r"Console/?Role",
        r"arn:<AWS::Partition>:s3:::cdk-[a-z0-9]+-assets-<AWS::AccountId>-<AWS::Region>/SluicePipelines/\*\.json",
        "The compiled pipelines and their forms, below the name of their stack; keys are hashes.",
    ),
    Exception_(
        r"Console/?Role",
        _ARN.format("logs", r"log-group:/SluicePipelines/\*"),
        "The log groups of jobs are made after the control stack; their names begin with their stack's.",
    ),
    Exception_(
        r"Console/?Role",
        r"<?\w*SluiceStorage:\w*(Results|Inbox)\w*>?/\*",
        "The results of any run are shown, and whoever operates uploads for any pipeline.",
    ),
    Exception_(
        r"Console/?Role",
        r".*/runs/\*/(failures|manifest|trigger|failed-items)/\*",
        "What the failures, items and files of any run are shown from.",
    ),
    Exception_(
        r"Console/?Role",
        r".*/runs/\*/trigger/(items\.jsonl|index\.bin)",
        "The list of the files of a run that is run again.",
    ),
    Exception_(
        r"Console/?Role",
        _ARN.format("batch", r"job/\*"),
        "Any job of this Sluice may be ended: a condition on its tag says which those are.",
    ),
    Exception_(
        r"Console/?Role",
        _ARN.format("sqs", r"SluicePipelines-GroupingGroup\*"),
        "The queue of the group Lambda, which is made after the control stack and may come and go.",
    ),
)
"""Those of the deployed console, which is a setting."""

OF_STEPS = (
    Exception_(
        r"JobRole|CleanupRole|FailedItems",
        r"arn:<AWS::Partition>:s3:::[a-z0-9.-]+/(.+/)?[a-z0-9-]+-\?{20}/\*(failed\.jsonl)?",
        "The results of a pipeline's runs in a bucket that it names, each below its id, whose twenty"
        " characters are drawn when it starts; and those of a pipeline whose runs start this one.",
    ),
    Exception_(
        r"ExecutionRole",
        r".*:secretsmanager:.*:secret:[\w/+=.@-]+-\?{6}",
        "A secret that a step names: Secrets Manager appends six characters to its name, which only it"
        " knows.",
    ),
    Exception_(
        r"Unmanaged",
        r"\*",
        "batch:DescribeComputeEnvironments has no resource-level permissions: "
        "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbatch.html",
    ),
)
"""Those that only steps of some projects need."""
