"""What the console answers with shows what is hidden, whichever part of the backend it comes from."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from console import contract
from console.answers import answer
from local.paths import REPOSITORY

HIDDEN = "a\x1b]52;c;AA\x07\x9b2J\u202egpj.exe\u2028\U000e0041"
SHOWN = r"a\x1b]52;c;AA\x07\x9b2J\u202egpj.exe\u2028\U000e0041"


def test_every_text_of_an_answer_is_made_visible() -> None:
    """Also of a part that forgot; lines and tabs stay, and what is given to another run stays as it is."""
    environment = contract.Environment(
        name="e", state="ENABLED", status="INVALID", reason=f"{HIDDEN}\n\t", vcpus=None, max_vcpus=4
    )
    queue = contract.Queue(
        name="q", key="q", state="s", status="s", environments=(environment,), jobs={"a": 1}
    )
    found = json.loads(bytes(answer(queue).body))
    assert found["environments"][0]["reason"] == f"{SHOWN}\n\t"
    assert (found["jobs"], found["environments"][0]["vcpus"]) == ({"a": 1}, None)
    given = contract.Input(text=HIDDEN, facts=(contract.Fact("input", HIDDEN),), json={"a": [HIDDEN]})
    found = json.loads(bytes(answer(given).body))
    assert (found["text"], found["facts"][0]["text"]) == (SHOWN, SHOWN)
    assert found["json"] == {"a": [HIDDEN]}


@pytest.mark.parametrize("value", [HIDDEN, {HIDDEN: [1, HIDDEN]}, "\ud800", "a\nb\u200d"])
def test_the_page_writes_an_input_with_what_is_hidden_escaped(value: object) -> None:
    """As JSON that says the same: what people read, and what they edit for another run."""
    program = (
        "import('./console/page/src/written.ts').then((found) => process.stdout.write("
        "found.written(JSON.parse(process.argv[1]))))"
    )
    node = Path(sys.executable).parent / "node"
    command = [str(node), "--no-warnings", "-e", program, "--", json.dumps(value)]
    text = subprocess.run(
        command, cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=60
    ).stdout
    assert json.loads(text) == value
    assert text.isprintable() or text.replace("\n", "").replace("\u200d", "").isprintable()
