"""Where the value of a secret variable comes from."""

from __future__ import annotations

import pytest

from sluice.pipeline.secret_sources import SERVICE, read_source

PLACE = f"aws:{SERVICE}:eu-west-1:111122223333"
SECRETS, PARAMETERS = (f"arn:aws:{service}:eu-west-1:111122223333" for service in ("secretsmanager", "ssm"))


@pytest.mark.parametrize(
    ("text", "value_from", "resource"),
    [
        ("app/key", f"{SECRETS}:secret:app/key", f"{SECRETS}:secret:app/key-??????"),
        (
            "app/login:password",
            f"{SECRETS}:secret:app/login:password::",
            f"{SECRETS}:secret:app/login-??????",
        ),
        (f"{SECRETS}:secret:a-AbCdEf:k::", f"{SECRETS}:secret:a-AbCdEf:k::", f"{SECRETS}:secret:a-AbCdEf"),
        ("ssm:/app/key", f"{PARAMETERS}:parameter/app/key", f"{PARAMETERS}:parameter/app/key"),
        (f"{PARAMETERS}:parameter/a", f"{PARAMETERS}:parameter/a", f"{PARAMETERS}:parameter/a"),
    ],
)
def test_a_source_is_a_value_for_batch_and_a_resource_of_a_policy(
    text: str, value_from: str, resource: str
) -> None:
    """A name stands for the ARN in the account of the deploy."""
    source = read_source(text, place=PLACE)
    assert source is not None
    assert (source.value_from, source.resource) == (value_from, resource)
    assert source.action.startswith(f"{source.service}:Get")


@pytest.mark.parametrize("text", ["", "a b", "arn:aws:s3:::bucket", "ssm:"])
def test_other_texts_are_no_source(text: str) -> None:
    """Validation reports them."""
    assert read_source(text, place=PLACE) is None
