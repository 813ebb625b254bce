"""What must hold for the generated secret."""

from __future__ import annotations

from tests.stacks.templates import Template


def test_the_generated_secret_is_a_key(pipelines: Template) -> None:
    """Letters and digits only, as many as base64 takes."""
    (secret,) = pipelines.properties("AWS::SecretsManager::Secret")
    generated = secret["GenerateSecretString"]
    assert generated["PasswordLength"] % 4 == 0
    assert not {"-", "_", "!", '"', "@"} - set(generated["ExcludeCharacters"])
    assert generated["IncludeSpace"] is False
