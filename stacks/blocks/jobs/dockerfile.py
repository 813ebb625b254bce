"""The Dockerfile of an image whose folder has none: Python, packages, and the code, in layers that change
with what they hold alone.

Everything but Debian's packages is made in stages of its own, with times that do not differ, and copied from
there: unchanged content is an unchanged layer, of which a registry is sent nothing, where base image and
packages are the same. What changes most comes last: a change of a step is a layer with the step's own files.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sluice.pipeline.image_folder import CONTAINERS
from stacks.base_images import base_image

_PACKAGES = "packages"
# A .pyc that never looks at its source's time holds none.
_COMPILE = "python -m compileall -q --invalidation-mode unchecked-hash"
_SETTLE = "find {folder} -exec touch -h -d @0 {{}} +"
_LAYER = "/layer"
"""What a stage makes stands below this folder, whose content is copied: a folder that COPY itself makes has
the time of the build, and so would be another layer each time.
"""


def dockerfile(folder: Path, shared: Sequence[str] = ()) -> str:
    """Return the Dockerfile of a pipeline's folder in ``containers/``; ``shared`` are folders beside it.

    Raises SluiceError where the project's ``bases.Dockerfile`` says no image.
    """
    base = base_image(folder)
    requirements, apt = (folder / name for name in ("requirements.txt", "apt.txt"))
    name = f"{CONTAINERS}/{folder.name}"
    has_packages = requirements.is_file()
    lines = [
        "# Written by Sluice, because the folder has no Dockerfile of its own.",
        f"FROM {base} AS core",
        "COPY sluice/runtime/requirements.txt /requirements.txt",
        *_installed("/requirements.txt", "core"),
        f"COPY sluice {_LAYER}/core/sluice",
        *_compiled("core"),
    ]
    if has_packages:
        lines += [
            f"FROM {base} AS {_PACKAGES}",
            *_apt(apt),
            # In the folder itself: it is there, too, where a build runs nothing.
            f"COPY {name}/requirements.txt {_LAYER}/{_PACKAGES}/requirements.txt",
            *_installed(f"{_LAYER}/{_PACKAGES}/requirements.txt", _PACKAGES),
            *_compiled(_PACKAGES),
        ]
    code = [f"{CONTAINERS}/__init__.py", *(f"{CONTAINERS}/{one}" for one in shared), name]
    lines += [
        f"FROM {base} AS code",
        *(f"COPY {path} {_LAYER}/app/{path}" for path in code),
        *_compiled("app"),
    ]
    path = ["/app", *(["/packages"] if has_packages else []), "/core"]
    return "\n".join(
        [
            *lines,
            f"FROM {base}",
            *_apt(apt),
            f"COPY --from=core {_LAYER} /",
            *([f"COPY --from={_PACKAGES} {_LAYER} /"] if has_packages else []),
            f"COPY --from=code {_LAYER} /",
            f"ENV PYTHONUNBUFFERED=1 PYTHONPATH={':'.join(path)} PATH=/{_PACKAGES}/bin:$PATH",
            "WORKDIR /app",
            "USER nobody",
            'ENTRYPOINT ["python", "-m", "sluice.runtime"]',
            "",
        ]
    )


def _installed(requirements: str, folder: str) -> list[str]:
    install = "pip install --no-cache-dir --no-compile --disable-pip-version-check --root-user-action=ignore"
    return [f"RUN {install} --target={_LAYER}/{folder} -r {requirements}"]


def _compiled(folder: str) -> list[str]:
    # Packages may ship files for other versions of Python, which this one cannot compile.
    return [f"RUN {_COMPILE} {_LAYER}/{folder} || true; {_SETTLE.format(folder=f'{_LAYER}/{folder}')}"]


def _apt(apt: Path) -> list[str]:
    """Return what installs Debian's packages; packages of Python may need them too, to be built."""
    if not apt.is_file():
        return []
    words = sorted({word for line in apt.read_text().splitlines() for word in line.split("#")[0].split()})
    install = f"apt-get install --yes --no-install-recommends {' '.join(words)}"
    return [f"RUN apt-get update && {install} && rm -rf /var/lib/apt/lists/* /var/log/* /var/cache/*"]
