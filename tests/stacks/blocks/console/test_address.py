"""What must hold for the console's address, its settings and its outputs; and that it is there on demand
only.
"""

from __future__ import annotations

import json
from typing import Any

from sluice.settings import ConsoleSettings
from tests.stacks.blocks.console.conftest import OWN_PROVIDER, SECRET
from tests.stacks.templates import Template, text
from tests.stacks.test_templates import lint


def function_of(control: Template) -> dict[str, Any]:
    """Return the properties of the console's function."""
    (found,) = [
        one
        for one in control.properties("AWS::Lambda::Function")
        if one["Handler"] == "console.deployed.handler"
    ]
    return dict(found)


def settings_of(control: Template) -> ConsoleSettings:
    """Return the settings that its function gets, all of which it reads."""
    given = {name: text(value) for name, value in function_of(control)["Environment"]["Variables"].items()}
    found = ConsoleSettings.from_env(given)
    assert set(found.to_env()) == set(given)
    return found


def test_the_address_is_open_and_an_output(control: Template) -> None:
    """Whoever has no session sees how to sign in; both permissions that an address needs are there."""
    assert [one["AuthType"] for one in control.properties("AWS::Lambda::Url")] == ["NONE"]
    public = [
        one["Action"] for one in control.properties("AWS::Lambda::Permission") if one["Principal"] == "*"
    ]
    assert sorted(public) == ["lambda:InvokeFunction", "lambda:InvokeFunctionUrl"]
    assert {"ConsoleUrl", "ConsoleClient", "ConsoleUserPool"} <= control.document["Outputs"].keys()


def test_the_pools_people_have_the_roles_of_its_groups(control: Template) -> None:
    """The issuer is the pool's; the groups have the roles' names; there is no client's secret."""
    found = settings_of(control)
    assert found.issuer.startswith("https://<ConsolePeople")
    assert json.loads(found.groups) == {one: [one] for one in ("watch", "operate", "administer")}
    assert (found.groups_claim, found.client_secret) == ("cognito:groups", "none")


def test_a_companys_provider_takes_the_pools_place(with_provider: Template) -> None:
    """Its issuer, client, groups and claim; the secret by its ARN alone; and no pool."""
    found = settings_of(with_provider)
    assert (found.issuer, found.user_pool) == (OWN_PROVIDER["SLUICE_CONSOLE_ISSUER"], "none")
    assert (found.client_secret, found.groups_claim) == (SECRET, "roles")
    groups = {"watch": ["analysts", "guests"], "operate": ["on-call"], "administer": ["platform"]}
    assert json.loads(found.groups) == groups
    assert with_provider.document["Outputs"]["ConsoleClient"]["Value"] == "sluice"
    assert not with_provider.of_type("AWS::Cognito::UserPool")
    assert "ConsoleUserPool" not in with_provider.document["Outputs"]
    assert function_of(with_provider)["ReservedConcurrentExecutions"] == 5


def test_sessions_are_signed_with_what_no_template_has(control: Template) -> None:
    """Secrets Manager makes the value in the account."""
    (secret,) = control.properties("AWS::SecretsManager::Secret")
    assert secret["GenerateSecretString"]["PasswordLength"] == 64
    assert "SecretString" not in secret


def test_cfn_lint_finds_nothing(control: Template, with_provider: Template) -> None:
    """CloudFormation's own schemas and rules accept both templates."""
    assert [lint(control), lint(with_provider)] == [[], []]
