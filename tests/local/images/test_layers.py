"""What a registry is sent of an image whose Dockerfile Sluice writes, counted where it is kept."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pip
import pytest

from stacks.base_images import base_image
from stacks.blocks.jobs.images import build_context
from tests.local.images.registry import served, stored
from tests.local.images.wheels import wheel

# They need the one engine of the machine.
pytestmark = pytest.mark.xdist_group("docker")

_BASE = """
FROM busybox
COPY pip /usr/lib/python3/dist-packages/pip
COPY wheels /wheels
RUN printf '#!/bin/sh\\nexec python3 -m pip "$@"\\n' > /usr/local/bin/pip && chmod +x /usr/local/bin/pip
RUN ln -s /usr/bin/python3 /usr/local/bin/python
ENV PIP_NO_INDEX=1 PIP_FIND_LINKS=/wheels
"""
"""Python with its pip, as the images of python have it, and a package index of one wheel."""
_SIZE = 3_000_000


class Builder:
    """Builds and pushes the image of one pipeline, each time as on a machine that has built nothing yet."""

    def __init__(self, root: Path, registry: str) -> None:
        self._root, self._registry = root, registry
        self._base, self._tags = f"sluice-base-{uuid4().hex[:8]}", list[str]()
        self._label = f"test={self._base}"
        self.folder = root / "project" / "containers" / "words"
        self.folder.mkdir(parents=True)
        (self.folder.parent / "shared").mkdir()
        (self.folder.parent / "shared" / "names.py").write_text("NAMES = frozenset({'a', 'b', 'c'})\n")
        (self.folder / "requirements.txt").write_text("large==1.0\n")
        self._make_base()

    def pushed(self) -> int:
        """Build the image with nothing cached, push it, and return how many bytes the registry has more."""
        tag = f"{self._registry}/team/words:{len(self._tags)}"
        self._tags.append(tag)
        before = stored(self._root)
        with build_context(self.folder.parents[1], "words", ["shared"]) as context:
            file = context / "Dockerfile"
            file.write_text(file.read_text().replace(base_image(self.folder), self._base))
            # Those of Sluice are on no index of this test's.
            (context / "sluice" / "runtime" / "requirements.txt").write_text("")
            self._docker("build", "--no-cache", "--quiet", "--tag", tag, str(context))
        self._docker("push", "--quiet", tag)
        return stored(self._root) - before

    def forget(self) -> None:
        """Remove the images, and those of their stages."""
        self._docker("rmi", "--force", *self._tags, self._base)
        self._docker("image", "prune", "--force", "--filter", f"label={self._label}")

    def _make_base(self) -> None:
        base = self._root / "base"
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(Path(pip.__file__).parent, base / "pip", ignore=ignored)
        (base / "wheels").mkdir()
        # Of lines that gzip cannot make small.
        lines = "".join(f"A{number} = '{uuid4().hex}'\n" for number in range(_SIZE // 50))
        wheel(base / "wheels", "large", "1.0", lines)
        (base / "Dockerfile").write_text(f"{_BASE}LABEL {self._label}\n")
        self._docker("build", "--quiet", "--tag", self._base, str(base))

    @staticmethod
    def _docker(*words: str) -> None:
        ran = subprocess.run(["docker", *words], capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr


@pytest.fixture
def builder(tmp_path: Path) -> Iterator[Builder]:
    """A builder, and a registry for what it makes."""
    with served(tmp_path) as address:
        made = Builder(tmp_path, address)
        yield made
        made.forget()


def test_a_change_of_a_step_pushes_kilobytes(builder: Builder) -> None:
    """Packages, Sluice's core and the base are layers that are there already, whoever builds them again."""
    steps = builder.folder / "steps.py"
    steps.write_text("def count(item, out):\n    return 1\n")
    assert builder.pushed() > _SIZE // 3
    steps.write_text("def count(item, out):\n    return 2\n")
    assert 0 < builder.pushed() < 20_000
