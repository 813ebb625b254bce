"""How the app's settings are read and refused."""

import os
import subprocess
import sys

import pytest

import app as entry
from stacks.configuration import Architecture, Configuration, ConfigurationError, variable


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
    ],
)
def test_a_wrong_value_is_refused_by_name(name: str, value: str) -> None:
    """The message has the variable, what was expected and what was found."""
    with pytest.raises(ConfigurationError) as refused:
        read({name: value})
    assert f"{variable(name)}: expected" in str(refused.value)
    assert f"found {value!r}" in str(refused.value)


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
