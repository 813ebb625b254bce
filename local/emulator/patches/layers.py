"""Mended: layers with machine code for another machine, or another Python, than what runs functions here.

Their packages are then those of this environment, as it is with the public layers of AWS, which nobody can
fetch.
"""

import io
import sys
import zipfile
from functools import lru_cache
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

from ministack.services import (
    lambda_svc,
)

_ELF = b"\x7fELF"
_HEADER_BYTES = 20
_MACHINE = slice(18, 20)
"""Where ELF says for which machine a file is: https://man7.org/linux/man-pages/man5/elf.5.html"""


def leave_foreign_layers_out() -> None:
    """Let a function here run without the layers whose modules this Python cannot load."""
    resolve = lambda_svc._resolve_layer_zip

    def resolve_own(attachment: str | dict[str, object]) -> bytes | None:
        content = resolve(attachment)
        return None if content and is_foreign(bytes(content)) else content

    lambda_svc._resolve_layer_zip = resolve_own


@lru_cache(maxsize=16)
def is_foreign(content: bytes) -> bool:
    """Say whether a layer has a module of machine code that this Python cannot load."""
    with zipfile.ZipFile(io.BytesIO(content)) as layer:
        modules = [name for name in layer.namelist() if name.endswith(".so")]
        return any(_is_foreign_name(name) or _is_foreign_code(layer, name) for name in modules)


def _is_foreign_name(name: str) -> bool:
    """Say whether a module's name has the tag of another Python: https://peps.python.org/pep-3149/"""
    return ".cpython-" in name and not name.endswith(EXTENSION_SUFFIXES[0])


def _is_foreign_code(layer: zipfile.ZipFile, name: str) -> bool:
    with layer.open(name) as module:
        header = module.read(_HEADER_BYTES)
    return header[:4] == _ELF and header[_MACHINE] != _own_header()[_MACHINE]


@lru_cache(maxsize=1)
def _own_header() -> bytes:
    with Path(sys.executable).open("rb") as program:
        return program.read(_HEADER_BYTES)
