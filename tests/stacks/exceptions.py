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
        r"(Trigger|FanOut|Track)/?Role",
        r"arn:<AWS::Partition>:batch:<AWS::Region>:<AWS::AccountId>:consumable-resource/\*",
        "The limits of pipelines have no names of ours, and those of later pipelines are not known when the"
        " control stack is deployed.",
    ),
    Exception_(
        r"Trigger/?Role",
        r"arn:<AWS::Partition>:s3:::cdk-[a-z0-9]+-assets-<AWS::AccountId>-<AWS::Region>/\*\.json",
        "The CDK's bucket for files; the key of a compiled pipeline is its hash, which a later deploy may"
        " change.",
    ),
    Exception_(
        r"Grouping/?Group/?Role",
        r".*/runs/\*/trigger/(items\.jsonl|index\.bin)",
        "The list of the files that start a run, of any pipeline that gathers; it is one Lambda, and nothing"
        " else of the work bucket.",
    ),
    Exception_(
        r"Track/?Role",
        r".*/runs/\*/failures/\*",
        "The reports of any run, and nothing else of the work bucket.",
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
        r"JobRole", r"<?\w*SluiceStorage:\w*Results\w*>?/[a-z0-9-]+/\*", "The results of this pipeline."
    ),
)

OF_STEPS = (
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
