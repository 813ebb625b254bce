"""Who gets into the user pool, and by which client."""

from __future__ import annotations

from pathlib import Path

from tests.stacks.synthesis import synthesised
from tests.stacks.templates import Template, text


def test_nobody_makes_an_account_of_their_own(control: Template) -> None:
    """People are invited by e-mail; passwords are long; a second factor is possible."""
    (pool,) = control.properties("AWS::Cognito::UserPool")
    assert pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
    assert pool["UsernameAttributes"] == ["email"]
    assert pool["Policies"]["PasswordPolicy"]["MinimumLength"] == 12
    assert (pool["MfaConfiguration"], pool["EnabledMfas"]) == ("OPTIONAL", ["SOFTWARE_TOKEN_MFA"])


def test_a_second_factor_may_be_asked_of_everybody(tmp_path: Path) -> None:
    """SLUICE_CONSOLE_MFA=true."""
    synthesised(tmp_path, SLUICE_CONSOLE="true", SLUICE_CONSOLE_MFA="true")
    control = Template.read(tmp_path / "SluiceControl.template.json")
    assert [one["MfaConfiguration"] for one in control.properties("AWS::Cognito::UserPool")] == ["ON"]


def test_there_is_a_group_for_each_role(control: Template) -> None:
    """And none besides."""
    groups = control.properties("AWS::Cognito::UserPoolGroup")
    assert sorted(one["GroupName"] for one in groups) == ["administer", "operate", "watch"]


def test_the_client_leads_back_to_the_console_alone(control: Template) -> None:
    """A public client with the code flow, which PKCE protects; its tokens are short."""
    (client,) = control.properties("AWS::Cognito::UserPoolClient")
    assert (client["GenerateSecret"], client["AllowedOAuthFlows"]) == (False, ["code"])
    assert [text(one).endswith("FunctionUrl>auth/callback") for one in client["CallbackURLs"]] == [True]
    assert [text(one).endswith("FunctionUrl>") for one in client["LogoutURLs"]] == [True]
    assert (client["IdTokenValidity"], client["TokenValidityUnits"]["IdToken"]) == (5, "minutes")
