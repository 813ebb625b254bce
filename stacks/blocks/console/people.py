"""The user pool of the deployed console: people who are invited, and a group for each role."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_cognito as cognito
from constructs import Construct

from sluice.settings import CONSOLE_ROLES
from stacks.reasons import accept

_MIN_PASSWORD = 12
_PURPOSES = {
    "watch": "May see runs, their logs and results",
    "operate": "May see, start, retry, rerun and cancel runs",
    "administer": "May do all that the console can do",
}


class People(Construct):
    """A pool in which an administrator makes accounts, and Amazon Cognito mails the invitations.

    Who is in no group may do nothing. The pool costs nothing while at most 10,000 people sign in a month:
    https://aws.amazon.com/cognito/pricing/
    """

    def __init__(self, scope: Construct, construct_id: str, *, stack_prefix: str, mfa: bool) -> None:
        super().__init__(scope, construct_id)
        self.pool = cognito.UserPool(
            self,
            "Pool",
            self_sign_up_enabled=False,
            sign_in_aliases=cognito.SignInAliases(email=True),
            sign_in_case_sensitive=False,
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            password_policy=cognito.PasswordPolicy(
                min_length=_MIN_PASSWORD,
                require_lowercase=True,
                require_uppercase=True,
                require_digits=True,
                require_symbols=True,
            ),
            mfa=cognito.Mfa.REQUIRED if mfa else cognito.Mfa.OPTIONAL,
            mfa_second_factor=cognito.MfaSecondFactor(sms=False, otp=True),
            feature_plan=cognito.FeaturePlan.LITE,
            removal_policy=RemovalPolicy.DESTROY,
        )
        for role in CONSOLE_ROLES:
            cognito.CfnUserPoolGroup(
                self,
                f"{role.capitalize()}Group",
                user_pool_id=self.pool.user_pool_id,
                group_name=role,
                description=_PURPOSES[role],
            )
        # A Region has each name once:
        # https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-assign-domain-prefix.html
        prefix = f"{stack_prefix.lower()}-console-{Stack.of(self).account}"
        self.domain = self.pool.add_domain(
            "Domain", cognito_domain=cognito.CognitoDomainOptions(domain_prefix=prefix)
        )
        _accept(self.pool, mfa=mfa)

    @property
    def issuer(self) -> str:
        """Return the issuer of the pool's ID tokens."""
        return f"https://{self.pool.user_pool_provider_name}"

    def client(self, console: str) -> cognito.UserPoolClient:
        """Return the client of a console at an address, which ends with a slash.

        It has no secret, which would be one more to keep: the code flow with PKCE needs none.
        """
        found = self.pool.add_client(
            "Client",
            generate_secret=False,
            supported_identity_providers=[cognito.UserPoolClientIdentityProvider.COGNITO],
            o_auth=cognito.OAuthSettings(
                flows=cognito.OAuthFlows(authorization_code_grant=True),
                scopes=[cognito.OAuthScope.OPENID, cognito.OAuthScope.EMAIL, cognito.OAuthScope.PROFILE],
                callback_urls=[f"{console}auth/callback"],
                logout_urls=[console],
            ),
            prevent_user_existence_errors=True,
            id_token_validity=Duration.minutes(5),
            access_token_validity=Duration.minutes(5),
            refresh_token_validity=Duration.hours(1),
        )
        found.node.add_dependency(self.domain)
        return found


def _accept(pool: cognito.UserPool, *, mfa: bool) -> None:
    if not mfa:
        accept(
            pool,
            "AwsSolutions-COG2",
            "A second factor is each person's choice; SLUICE_CONSOLE_MFA=true asks everybody for one.",
        )
    for rule in ("AwsSolutions-COG3", "AwsSolutions-COG8"):
        accept(pool, rule, "Threat protection needs Cognito's plan Plus, which costs for each person.")
