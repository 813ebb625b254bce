"""Which layers a function here can load."""

from __future__ import annotations

import io
import sys
import zipfile
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from local.emulator.patches.layers import is_foreign

OWN = Path(sys.executable).read_bytes()[:64]
OTHER = OWN[:18] + bytes(byte ^ 1 for byte in OWN[18:20]) + OWN[20:]


def layer(**files: bytes) -> bytes:
    """Return a layer with these files; two underscores stand for a dot."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        for name, text in files.items():
            packed.writestr(f"python/{name.replace('__', '.')}", text)
    return content.getvalue()


@pytest.mark.parametrize(
    ("name", "code", "foreign"),
    [
        ("plain__py", b"x = 1", False),
        ("fast__abi3__so", OWN, False),
        ("fast__abi3__so", OTHER, True),
        (f"fast{EXTENSION_SUFFIXES[0].replace('.', '__')}", OWN, False),
        (f"fast{EXTENSION_SUFFIXES[0].replace('.', '__')}", OTHER, True),
        ("fast__cpython-399-x86_64-linux-gnu__so", OWN, True),
        ("empty__so", b"", False),
    ],
)
def test_a_layer_is_foreign_by_its_machine_code(name: str, code: bytes, foreign: bool) -> None:
    """Of another processor, or of another version of Python; what is only Python runs everywhere."""
    assert is_foreign(layer(**{name: code, "other__py": b""})) is foreign
