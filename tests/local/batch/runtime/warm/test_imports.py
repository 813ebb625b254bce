"""Code that a copy could tell from a fresh start is never copied."""

from __future__ import annotations

import pytest

from local.batch.runtime.warm import imports
from tests.local.batch.runtime.warm.conftest import Folder

HARMFUL = {
    "thread": "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
    "socket": "import socket\nheld = socket.socket()",
    "descriptor": "import os\nheld = os.open('/dev/null', os.O_RDONLY)",
    "prints": "print('hello')",
    "writes": "open('note.txt', 'w').close()",
    "folder": "import tempfile\nplace = tempfile.mkdtemp()",
    "all variables": "import os\nseen = dict(os.environ)",
    "sets a variable": "import os\nos.environ['LEVEL'] = '3'",
    "seeded": "import random\nrandom.seed(1)",
    "generator": "import random\nown = random.Random(1)",
    "identifier": "import uuid\nown = uuid.uuid4()",
    "secret": "import secrets, sys\nown = secrets.token_hex()",
    "time": "import time\nbegan = time.time()",
    "imported time": "from time import monotonic\nbegan = monotonic()",
    "today": "import datetime\nday = datetime.date.today()",
    "now": "from datetime import UTC, datetime\nbegan = datetime.now(UTC)",
    "process id": "import os\nname = f'worker-{os.getpid()}'",
    "process": "import subprocess\nsubprocess.run(['true'])",
    "directory": "import os\nos.chdir('/')",
    "error": "import no_such_module",
    "exit": "raise SystemExit(3)",
    "gone": "import os\nos._exit(0)",
}


@pytest.mark.parametrize("code", HARMFUL.values(), ids=HARMFUL)
def test_code_that_a_copy_would_share_is_started_anew(folder: Folder, code: str) -> None:
    """By itself, without a word of its author."""
    folder.write(code + "\n")
    assert folder.run() is None
    assert folder.run() is None


HARMLESS = {
    "reads a file": "import json\nopen('prog/__init__.py').read()",
    "lists": "import os\nos.listdir('.')",
    "libraries": "import botocore.session, http.client, decimal, zipfile, uuid, tempfile, subprocess, random",
    "a moment of a function": "import time, os\ndef began(): return time.time(), os.getpid()",
    "a fixed time": "import datetime\nepoch = datetime.date(1970, 1, 1)",
    "a variable": "import os\nos.environ.get('LOG_LEVEL', 'INFO')",
}


@pytest.mark.parametrize("code", HARMLESS.values(), ids=HARMLESS)
def test_other_code_is_forked(folder: Folder, code: str) -> None:
    """What most modules do."""
    folder.write(code + "\n")
    assert folder.run() == (0, "done\n")


@pytest.mark.parametrize("library", sorted(imports.FORK_UNSAFE))
def test_libraries_that_must_not_be_forked_are_known(folder: Folder, library: str) -> None:
    """Also where a library has done nothing yet."""
    (folder.root / f"{library}.py").write_text("")
    folder.write(f"import {library}\n")
    assert folder.run() is None
