"""Takes a worker's Python down: what the user's code has loaded and made, not what its supervisor had loaded.

At its end Python takes down every module. A worker is a copy of its supervisor, in which that is to copy most
pages, for nothing: a fifth of what a child's processes cost that do nothing. See
docs/decisions/0034-warm-parents.md.
"""

from __future__ import annotations

import atexit
import gc
import sys
import threading
from types import ModuleType

from sluice.runtime.tracebacks import print_traceback

_ALWAYS = frozenset({"builtins", "sys"})
"""Python takes these down last, and needs them until then."""
_supervisors: dict[str, ModuleType] = {}


def keep_loaded_modules() -> None:
    """Note what is loaded: it is not taken down, and is no garbage. The first call counts: what comes later
    is the user's.
    """
    if not _supervisors:
        _supervisors.update(sys.modules)
        gc.collect()
        gc.freeze()  # The pages of what is here stay shared.


def shut_down() -> None:
    """Do what Python does first at its end, and leave it no other modules to take down than the user's; to be
    called last.

    Threads that are no daemons come to their end, then exit handlers are called.
    Source: https://github.com/python/cpython/blob/3.11/Python/pylifecycle.c (Py_FinalizeEx)
    """
    for act in (threading._shutdown, atexit._run_exitfuncs):  # type: ignore[attr-defined]
        try:
            act()
        except BaseException as error:  # noqa: BLE001 - Python itself goes on, too
            print_traceback(error)
    for name, module in _supervisors.items():
        if name not in _ALWAYS and sys.modules.get(name) is module:
            del sys.modules[name]
