"""The deployed console: a function behind an HTTPS address of its own, and the secret that signs its
sessions.

docs/decisions/0048-the-deployed-console.md says why it is so, and what it costs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from aws_cdk import Annotations, CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from sluice.settings import CONSOLE_ROLES, NOTHING, ConsoleSettings
from stacks.blocks.console.grants import ConsoleGrants, Stores
from stacks.blocks.console.packages import console_code, packages_layer
from stacks.blocks.console.people import People
from stacks.blocks.functions.function import function_role
from stacks.blocks.monitoring.log_group import log_group
from stacks.configuration import Configuration
from stacks.reasons import accept

_TIMEOUT = Duration.seconds(30)
# A request costs by memory and time: with more of it, which is more of a processor, a cold start of two
# seconds is one, for the same price.
_MEMORY_MIB = 1024
_KEY_CHARACTERS = 64
_UNBOUNDED = (
    "Nothing bounds how many requests to the console are answered at a time: its public address can use up"
    " the whole concurrency of the account's Lambdas in this Region. SLUICE_CONSOLE_CONCURRENCY sets a bound;"
    " the account has to keep 100 free beside it."
)


class ConsoleAddress(Construct):
    """The console's address is an output of its stack, and so is what its provider calls it."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        configuration: Configuration,
        root: Path,
        stores: Stores,
        queues: Mapping[str, str],
        send_to: Sequence[sqs.IQueue],
        pipelines_stack: str,
    ) -> None:
        super().__init__(scope, construct_id)
        self._configuration = configuration
        self.people = self._people()
        self.secret = _session_secret(self, "SessionSecret")
        self.function = self._function(root)
        self._grant(stores, queues, send_to, pipelines_stack)
        if configuration.console_concurrency is None:
            Annotations.of(self).add_warning_v2("sluice:console-concurrency", _UNBOUNDED)
        self._add_outputs()

    def _people(self) -> People | None:
        """Return the user pool, None where the company's own provider signs people in."""
        if self._configuration.console_issuer:
            return None
        return People(
            self,
            "People",
            stack_prefix=self._configuration.stack_prefix,
            mfa=self._configuration.console_mfa,
        )

    def _settings(self) -> ConsoleSettings:
        configuration, people = self._configuration, self.people
        own = {role: [role] for role in CONSOLE_ROLES}
        groups = {
            role: [group for named, group in configuration.console_groups if named == role]
            for role in CONSOLE_ROLES
        }
        return ConsoleSettings(
            stack_prefix=configuration.stack_prefix,
            issuer=people.issuer if people else str(configuration.console_issuer),
            user_pool=people.pool.user_pool_id if people else NOTHING,
            client_secret=configuration.console_client_secret or NOTHING,
            session_secret=self.secret.attr_id,
            groups=json.dumps(own if people else groups),
            groups_claim="cognito:groups" if people else configuration.console_groups_claim,
        )

    def _function(self, root: Path) -> lambda_.Function:
        log_lines = log_group(self, "Logs", retention_days=self._configuration.log_retention_days)
        function = lambda_.Function(
            self,
            "Function",
            description="Sluice: the console",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            handler="console.deployed.handler",
            code=console_code(root),
            layers=[packages_layer(self, "Packages", root=root)],
            role=function_role(self, log_lines),
            log_group=log_lines,
            memory_size=_MEMORY_MIB,
            timeout=_TIMEOUT,
            tracing=lambda_.Tracing.DISABLED,
            reserved_concurrent_executions=self._configuration.console_concurrency,
            environment=self._settings().to_env(),
        )
        accept(
            function,
            "AwsSolutions-L1",
            "The packages of its layer are locked and fetched for this version; see"
            " stacks/blocks/console/packages.py.",
        )
        return function

    def _grant(
        self,
        stores: Stores,
        queues: Mapping[str, str],
        send_to: Sequence[sqs.IQueue],
        pipelines_stack: str,
    ) -> None:
        role = self.function.role
        assert role is not None, "the function was given one"  # noqa: S101
        grants = ConsoleGrants(role, self._configuration.stack_prefix)
        grants.read_deployment(published_by=pipelines_stack)
        grants.read_runs(stores.ledger)
        grants.read_jobs(sorted(queues.values()), job_logs_in=pipelines_stack)
        grants.read_alarms()
        grants.read_objects(stores)
        grants.start_runs(stores.inbox)
        grants.change_runs(stores)
        grants.unpause(stores.ledger)
        grants.send_to(send_to, gathering_in=pipelines_stack)
        own = self._configuration.console_client_secret
        grants.read_secrets([self.secret.attr_id, *([own] if own else [])])

    def _add_outputs(self) -> None:
        # Whoever has no session sees a way to sign in, and nothing else.
        url = self.function.add_function_url(auth_type=lambda_.FunctionUrlAuthType.NONE)
        client = (
            self.people.client(url.url).user_pool_client_id
            if self.people
            else str(self._configuration.console_client_id)
        )
        outputs = {
            "ConsoleUrl": (url.url, "The console, for people without credentials of AWS."),
            "ConsoleClient": (client, "What the provider of OpenID Connect calls the console."),
        }
        if self.people:
            outputs["ConsoleUserPool"] = (
                self.people.pool.user_pool_id,
                "Where people are invited to the console.",
            )
        for name, (value, description) in outputs.items():
            CfnOutput(Stack.of(self), name, value=value, description=description)


def _session_secret(scope: Construct, construct_id: str) -> secretsmanager.CfnSecret:
    """Return a secret with a generated value, which leaves the account in no template."""
    secret = secretsmanager.CfnSecret(
        scope,
        construct_id,
        description="Sluice: the sessions of the console are signed with it; a new value ends all of them",
        generate_secret_string=secretsmanager.CfnSecret.GenerateSecretStringProperty(
            password_length=_KEY_CHARACTERS, exclude_punctuation=True, include_space=False
        ),
    )
    secret.apply_removal_policy(RemovalPolicy.DESTROY)
    accept(
        secret,
        "AwsSolutions-SMG4",
        "A session lasts an hour, and every new value would end the sessions of all who look.",
    )
    return secret
