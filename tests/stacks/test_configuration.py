"""How the app's settings are read and refused."""

import os
import subprocess
import sys

import pytest

import app as entry
from stacks.configuration import Architecture, Configuration, ConfigurationError, variable

ID, SUBNET = "vpc-0123456789abcdef0", "subnet-0123456789abcdef0"


def read(context: dict[str, object] | None = None, **environment: str) -> Configuration:
    """Return the configuration for a context and environment variables."""
    return Configuration.read((context or {}).get, environment)


def test_nothing_need_be_configured() -> None:
    """Without any setting the app deploys with its defaults, and sends no alerts."""
    assert read() == Configuration()
    assert (read().alert_email, read().nat, read().machines) == (None, False, ("default_x86_64",))


def test_settings_come_from_the_environment() -> None:
    """Every setting has a variable: the addresses plainly, the others with Sluice's prefix."""
    configuration = read(
        ALERT_EMAIL="me@example.com",
        ALERT_PHONE="+4915112345678",
        SLUICE_STACK_PREFIX="Second",
        SLUICE_JOB_ARCHITECTURE="ARM64",
        SLUICE_INSTANCE_TYPES="c7g, m7g.large",
        SLUICE_MAX_VCPUS_SPOT="1000",
        SLUICE_MAX_VCPUS_ON_DEMAND="8",
        SLUICE_NAT="yes",
        SLUICE_WEBHOOKS="no",
        SLUICE_WEBHOOK_CONCURRENCY="5",
        SLUICE_WORK_RETENTION_DAYS="3",
        SLUICE_LOG_RETENTION_DAYS="365",
    )
    assert configuration == Configuration(
        alert_email="me@example.com",
        alert_phone="+4915112345678",
        stack_prefix="Second",
        job_architecture=Architecture.ARM64,
        instance_types=("c7g", "m7g.large"),
        max_vcpus_spot=1000,
        max_vcpus_on_demand=8,
        nat=True,
        webhooks=False,
        webhook_concurrency=5,
        work_retention_days=3,
        log_retention_days=365,
    )


def test_the_command_line_goes_before_the_environment() -> None:
    """`cdk deploy -c max_vcpus_spot=5` wins over a variable; so does `false` over `true`."""
    assert read({"max_vcpus_spot": "5"}, SLUICE_MAX_VCPUS_SPOT="6").max_vcpus_spot == 5
    assert read({"nat": False}, SLUICE_NAT="true").nat is False


def test_an_empty_value_is_no_value() -> None:
    """`make deploy ALERT_EMAIL=` is a deploy without an address."""
    assert read(ALERT_EMAIL="", ALERT_PHONE=" ") == Configuration()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("alert_email", "nobody"),
        ("alert_phone", "0151 12345678"),
        ("stack_prefix", "1st"),
        ("stack_prefix", "a" * 16),
        ("job_architecture", "sparc"),
        ("instance_types", "c7i,,m7i"),
        ("instance_types", "C7I"),
        ("max_vcpus_spot", "0"),
        ("max_vcpus_spot", "many"),
        ("max_vcpus_on_demand", "-1"),
        ("max_vcpus_on_demand", "100001"),
        ("nat", "perhaps"),
        ("work_retention_days", "0.5"),
        ("log_retention_days", "31"),
        ("zones", "0"),
        ("zones", "7"),
        ("console", "maybe"),
        ("console_issuer", "http://login.example.com"),
        ("console_issuer", "https://login.example.com/?a=b"),
        ("console_client_id", "two words"),
        ("console_client_secret", "s3cr3t"),
        ("console_client_secret", "arn:aws:ssm:eu-central-1:111122223333:parameter/secret"),
        ("console_groups", "watch"),
        ("console_groups", "own=admins"),
        ("console_groups", "watch="),
        ("console_groups_claim", "my groups"),
        ("console_mfa", "totp"),
        ("console_concurrency", "0"),
        ("vpc_id", "vpc-1"),
        ("subnet_ids", "subnet-0123456789abcdef0,mine"),
        ("security_group_ids", "sg-"),
        ("public_addresses", "some"),
        ("permissions_boundary", "boundary"),
        ("permissions_boundary", "arn:aws-cn:iam::111122223333:policy/boundary"),
        ("role_path", "team"),
        ("role_path", "/team"),
        ("role_path", "/a b/"),
        ("kms_key", "alias/mine"),
        ("kms_key", "arn:aws:kms:eu-central-1:111122223333:alias/mine"),
        ("tags", "team"),
        ("tags", "team=data,team=other"),
        ("tags", "aws:team=data"),
        ("tags", "sluice:app=mine"),
        ("tags", "=data"),
        ("tags", "team=<b>"),
        ("tags", ",".join(f"t{number}=1" for number in range(21))),
    ],
)
def test_a_wrong_value_is_refused_by_name(name: str, value: str) -> None:
    """The message has the variable, what was expected and what was found."""
    with pytest.raises(ConfigurationError) as refused:
        read({name: value})
    assert f"{variable(name)}: expected" in str(refused.value)
    assert f"found {value!r}" in str(refused.value)


PROVIDER = {
    "SLUICE_CONSOLE": "true",
    "SLUICE_CONSOLE_ISSUER": "https://login.example.com/tenant/v2.0",
    "SLUICE_CONSOLE_CLIENT_ID": "sluice",
    "SLUICE_CONSOLE_GROUPS": "watch=analysts, watch=Guests of ours,operate=on-call",
}


def test_a_provider_of_ones_own_signs_people_in() -> None:
    """A role may have several groups; one on this machine may do without HTTPS."""
    found = read({}, **PROVIDER)
    assert found.console_issuer == PROVIDER["SLUICE_CONSOLE_ISSUER"]
    assert found.console_groups == (
        ("watch", "analysts"),
        ("watch", "Guests of ours"),
        ("operate", "on-call"),
    )
    assert read({}, **PROVIDER | {"SLUICE_CONSOLE_ISSUER": "http://localhost:4567"}).console


@pytest.mark.parametrize(
    ("settings", "mistake"),
    [
        ({"SLUICE_CONSOLE_MFA": "true"}, "SLUICE_CONSOLE_MFA: expected SLUICE_CONSOLE=true"),
        ({**PROVIDER, "SLUICE_CONSOLE": "false"}, "SLUICE_CONSOLE_ISSUER: expected SLUICE_CONSOLE=true"),
        ({**PROVIDER, "SLUICE_CONSOLE_CLIENT_ID": ""}, "SLUICE_CONSOLE_CLIENT_ID: expected it beside"),
        ({**PROVIDER, "SLUICE_CONSOLE_GROUPS": ""}, "SLUICE_CONSOLE_GROUPS: expected it beside"),
        ({**PROVIDER, "SLUICE_CONSOLE_MFA": "true"}, "SLUICE_CONSOLE_MFA: expected none beside"),
        ({**PROVIDER, "SLUICE_CONSOLE_ISSUER": ""}, "SLUICE_CONSOLE_GROUPS: expected SLUICE_CONSOLE_ISSUER"),
        (
            {"SLUICE_CONSOLE": "true", "SLUICE_STACK_PREFIX": "MyAws"},
            "SLUICE_STACK_PREFIX: expected no 'aws'",
        ),
    ],
)
def test_settings_of_the_console_that_do_not_go_together(settings: dict[str, str], mistake: str) -> None:
    """Each is right, and the message has both."""
    with pytest.raises(ConfigurationError) as refused:
        read({}, **settings)
    assert mistake in str(refused.value)


def test_all_wrong_values_are_reported_together() -> None:
    """A user with three mistakes deploys twice, not four times."""
    with pytest.raises(ConfigurationError) as refused:
        read(ALERT_EMAIL="nobody", SLUICE_NAT="perhaps", SLUICE_MAX_VCPUS_SPOT="0")
    assert str(refused.value).count("expected") == 3


def test_synthesis_says_what_is_wrong_in_a_sentence() -> None:
    """`cdk synth` with a wrong setting ends with the sentence and without a traceback."""
    environment = {**os.environ, "ALERT_EMAIL": "nobody"}
    command = [sys.executable, str(entry.ROOT / "app.py")]
    done = subprocess.run(
        command, env=environment, cwd=entry.ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode != 0
    assert "ALERT_EMAIL: expected an e-mail address" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"subnet_ids": SUBNET}, "SLUICE_SUBNET_IDS: expected SLUICE_VPC_ID beside it"),
        ({"security_group_ids": "sg-0123456789abcdef0"}, "SLUICE_SECURITY_GROUP_IDS: expected SLUICE_VPC_ID"),
        ({"public_addresses": "true"}, "SLUICE_PUBLIC_ADDRESSES: expected SLUICE_VPC_ID"),
        ({"vpc_id": ID}, f"SLUICE_SUBNET_IDS: expected subnets of {ID}, found none"),
        (
            {"vpc_id": ID, "subnet_ids": SUBNET, "nat": "true"},
            "SLUICE_NAT: expected false beside SLUICE_VPC_ID",
        ),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(settings: dict[str, object], says: str) -> None:
    """A network is named as a whole, or not at all."""
    with pytest.raises(ConfigurationError) as refused:
        read(settings)
    assert says in str(refused.value)


def test_private_subnets_of_ones_own_are_as_good_as_nat() -> None:
    """Multi-node steps need no public addresses and a way out, whoever made it."""
    settings: dict[str, object] = {"vpc_id": ID, "subnet_ids": SUBNET}
    assert read(settings).offered.nat
    assert not read({**settings, "public_addresses": "true"}).offered.nat
    assert not read().offered.nat


def test_tags_are_read_as_pairs() -> None:
    """A value may be empty and may have an equals sign; spaces around commas are none of it."""
    assert read({"tags": "team=data, cost center=4=2,empty="}).tags == (
        ("team", "data"),
        ("cost center", "4=2"),
        ("empty", ""),
    )
