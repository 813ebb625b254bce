"""What the `valueFrom` of a job's secret means."""

import pytest

from local.emulator.secret_names import SecretParts, json_value, secret_parts

ARN = "arn:aws:secretsmanager:us-east-1:000000000000:secret:app/key-AbCdEf"


@pytest.mark.parametrize(
    ("value_from", "parts"),
    [
        (ARN, SecretParts(ARN)),
        (f"{ARN}:user::", SecretParts(ARN, "user")),
        (f"{ARN}::AWSPREVIOUS:", SecretParts(ARN, "", "AWSPREVIOUS")),
        (f"{ARN}:user::0a1b", SecretParts(ARN, "user", "", "0a1b")),
        ("arn:aws:ssm:us-east-1:000000000000:parameter/app/key", SecretParts("")),
        ("/app/key", SecretParts("")),
    ],
)
def test_an_arn_is_taken_apart(value_from: str, parts: SecretParts) -> None:
    """The examples of AWS's documentation mean a secret, its key, stage and version, or a parameter."""
    assert secret_parts(value_from) == parts


def test_a_key_of_a_secrets_json() -> None:
    """A text is given as it is, what is no text as JSON."""
    assert json_value('{"user": "ann", "port": 5}', "user", "x") == "ann"
    assert json_value('{"user": "ann", "port": 5}', "port", "x") == "5"


@pytest.mark.parametrize("text", ["hidden", '["hidden"]', '{"other": "hidden"}'])
def test_a_missing_key_does_not_tell_the_secret(text: str) -> None:
    """The error names the secret and the key, and nothing of the secret's text."""
    with pytest.raises(
        LookupError, match=r"^'?Expected the secret of the-arn .* key user, found none"
    ) as caught:
        json_value(text, "user", "the-arn")
    assert "hidden" not in str(caught.value)
