"""The code of the Lambdas as it is uploaded, and the variables that their functions get."""

from __future__ import annotations

from pathlib import Path

from tests.stacks.templates import Template

# Not for Lambdas: an import of these would fail in Lambda's runtime, or cost a cold start.
ABSENT = ("pydantic", "aws_cdk", "moto", "ministack", "rich")


IMPORT = f"""
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {ABSENT!r}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
from importlib import import_module
handler = import_module(sys.argv[1]).handler
assert callable(handler), handler
import lambdas, pkgutil, sluice
for module in pkgutil.iter_modules(sluice.__path__):
    import_module("sluice." + module.name)
print(lambdas.__file__, sluice.__file__, sep="\\n")
"""


def asset_of(control: Template, assembly: Path, stage: str) -> Path:
    """Return the directory that is uploaded as a stage's code."""
    (key,) = [
        one["Code"]["S3Key"]
        for one in control.properties("AWS::Lambda::Function")
        if f".{stage}." in one["Handler"]
    ]
    return published(assembly, key)


def published(assembly: Path, key: str) -> Path:
    """Return the file or directory of an assembly that is uploaded with a key, which may have a prefix."""
    return assembly / f"asset.{key.rpartition('/')[2].removesuffix('.zip')}"


def variables_of(control: Template, stage: str) -> dict[str, str]:
    """Return a function's environment variables, with placeholders for what CloudFormation fills in."""
    (found,) = [one for one in control.properties("AWS::Lambda::Function") if f".{stage}." in one["Handler"]]
    return {
        name: value if isinstance(value, str) else "a=b"
        for name, value in found["Environment"]["Variables"].items()
    }
