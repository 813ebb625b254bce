"""A change of a step's code alone, without the CDK: in the assembly that was deployed last, a new image
stands for the old one, and what is named after its content gets a new name.

A run that is under way keeps its job definitions and their image, as with any deploy.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.errors import LocalCloudError
from local.images.build import BuildRequest, build
from local.images.images import Images
from local.paths import ACCOUNT, REGION, LocalCloudPaths

_HASH_CHARACTERS = 10
_KEPT = 3


@dataclass(frozen=True, slots=True)
class Change:
    """A changed assembly, and the files (bucket, key, content) that it needs; the template is the last."""

    assembly: Path
    files: tuple[tuple[str, str, bytes], ...]

    @property
    def template(self) -> bytes:
        """Return the stack's template."""
        return self.files[-1][2]

    @property
    def template_url(self) -> str:
        """Return where CloudFormation reads it: with a request, at most 51,200 bytes of it could be sent.

        Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
        """
        bucket, key, _ = self.files[-1]
        return f"https://s3.{REGION}.amazonaws.com/{bucket}/{key}"


def check_code(folder: Path) -> None:
    """Raise LocalCloudError for a file that Python cannot read, with its line."""
    for path in sorted(folder.rglob("*.py")):
        try:
            compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            line = getattr(error, "lineno", None) or 1
            message = f"{path}, line {line}: expected Python, found: {error}. Nothing is deployed."
            raise LocalCloudError(message) from error


def change_of(paths: LocalCloudPaths, assembly: Path, stack: str, name: str, folder: Path) -> Change | None:
    """Build the image with the code in ``folder``, and return the assembly that has it; None where the
    assembly has no one image of that container whose definitions stand in the stack's own template.
    """
    assets: dict[str, Any] = json.loads((assembly / f"{stack}.assets.json").read_text())
    images = assets.get("dockerImages", {})
    found = [
        (key, asset)
        for key, asset in images.items()
        if (assembly / asset["source"]["directory"] / "containers" / name).is_dir()
    ]
    if len(found) != 1:
        return None
    old, asset = found[0]
    changed = _copied(paths, assembly, {one["source"]["directory"] for one in images.values()})
    new = _new_context(changed, asset["source"]["directory"], name, folder)
    return _renamed(paths, changed, stack, assets, (old, new))


def _copied(paths: LocalCloudPaths, assembly: Path, contexts: Collection[str]) -> Path:
    """Return a copy that shares its files with the assembly: whoever changes one writes another.

    Of the folders only the images' ``contexts`` are needed for the next change; the code of the Lambda
    functions is most of an assembly.
    """
    folder = paths.state / "assemblies"
    folder.mkdir(exist_ok=True)
    kept = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in kept[_KEPT:]:
        shutil.rmtree(path, ignore_errors=True)
    numbers = [int(path.name) for path in kept]
    copy = folder / str(max(numbers, default=0) + 1)

    def others(folder: str, names: list[str]) -> list[str]:
        at_root = Path(folder) == assembly
        return [name for name in names if at_root and name not in contexts and (assembly / name).is_dir()]

    shutil.copytree(assembly, copy, copy_function=_link, ignore=others)
    return copy


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _new_context(assembly: Path, directory: str, name: str, folder: Path) -> str:
    """Put the code into a copy of the image's build context, and return the context's hash."""
    context = assembly / "context"
    shutil.copytree(assembly / directory, context, copy_function=_link)
    code = context / "containers" / name
    shutil.rmtree(code)
    shutil.copytree(folder, code, ignore=shutil.ignore_patterns("__pycache__"))
    new = hashlib.sha256(b"".join(_contents(context))).hexdigest()
    if (assembly / f"asset.{new}").exists():
        shutil.rmtree(context)
    else:
        context.rename(assembly / f"asset.{new}")
    return new


def _contents(folder: Path) -> Iterator[bytes]:
    for path in sorted(folder.rglob("*")):
        content = path.read_bytes() if path.is_file() else b""
        yield f"{path.relative_to(folder)}\0{len(content)}\0".encode() + content


def _renamed(
    paths: LocalCloudPaths, assembly: Path, stack: str, assets: dict[str, Any], images: tuple[str, str]
) -> Change | None:
    old, new = images
    template = (assembly / f"{stack}.template.json").read_text()
    names = dict(_definition_names(json.loads(template)["Resources"], old, new))
    if not names:
        return None
    asset = assets["dockerImages"].pop(old)
    asset["source"]["directory"] = f"asset.{new}"
    assets["dockerImages"][new] = json.loads(json.dumps(asset).replace(old, new))
    _build(paths, assembly, assets["dockerImages"][new], new)
    names[old] = new
    files = []
    # The list of the compiled pipelines has their keys, so it comes behind them.
    for key, file in sorted(assets["files"].items(), key=lambda one: _is_list(one[1])):
        text = _definition(assembly, file)
        if text is not None and (changed := _replaced(text, names)) != text:
            names[key] = hashlib.sha256(changed.encode()).hexdigest()
            assets["files"].pop(key)
            assets["files"][names[key]] = renamed = json.loads(json.dumps(file).replace(key, names[key]))
            _write(assembly / renamed["source"]["path"], changed)
            files += [(*where, changed.encode()) for where in _destinations(renamed)]
    template = _replaced(template, names)
    files += _template_files(assets, stack, template)
    _write(assembly / f"{stack}.template.json", template)
    _write(assembly / f"{stack}.assets.json", json.dumps(assets, indent=1))
    return Change(assembly, tuple(files))


def _template_files(assets: dict[str, Any], stack: str, template: str) -> Iterator[tuple[str, str, bytes]]:
    """Give the template its new name among the files, and yield where it is to be stored."""
    for key, file in list(assets["files"].items()):
        if file["source"]["path"] == f"{stack}.template.json":
            new = hashlib.sha256(template.encode()).hexdigest()
            del assets["files"][key]
            assets["files"][new] = renamed = json.loads(json.dumps(file).replace(key, new))
            yield from ((*where, template.encode()) for where in _destinations(renamed))


def _definition_names(resources: dict[str, Any], old: str, new: str) -> Iterator[tuple[str, str]]:
    """Yield old and new names, and logical ids, of the job definitions with the old image: both end with a
    hash of the content.
    """
    for logical_id, resource in resources.items():
        if resource["Type"] != "AWS::Batch::JobDefinition" or old not in json.dumps(resource):
            continue
        name = resource["Properties"]["JobDefinitionName"]
        beginning, _, content = name.rpartition("-")
        changed = hashlib.sha256(f"{content}{new}".encode()).hexdigest()[:_HASH_CHARACTERS]
        yield name, f"{beginning}-{changed}"
        yield logical_id, logical_id.replace(content, changed)


def _build(paths: LocalCloudPaths, assembly: Path, asset: dict[str, Any], new: str) -> None:
    context = assembly / f"asset.{new}"
    for destination in asset["destinations"].values():
        repository = _filled(destination["repositoryName"])
        uri = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{repository}:{destination['imageTag']}"
        source = asset["source"]
        arguments, target = source.get("dockerBuildArgs", {}), source.get("dockerBuildTarget", "")
        request = BuildRequest(context, context / source["dockerFile"], uri, arguments, target)
        build(request, Images(paths.images))


def _definition(assembly: Path, file: dict[str, Any]) -> str | None:
    """Return a compiled pipeline, or the list of them; None for another file."""
    is_one = _is_of(file, "Definition")
    return (assembly / file["source"]["path"]).read_text() if is_one or _is_list(file) else None


def _is_list(file: dict[str, Any]) -> bool:
    return _is_of(file, "Deployed")


def _is_of(file: dict[str, Any], construct: str) -> bool:
    """Return whether a construct of this name made the file; its path in the stack, with none before it where
    it stands in the stack itself, is the file's name.
    """
    return str(file.get("displayName", "")).split("/")[-2:] == [construct, "File"]


def _destinations(file: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for destination in file["destinations"].values():
        yield _filled(destination["bucketName"]), _filled(destination["objectKey"])


def _filled(text: str) -> str:
    return text.replace("${AWS::AccountId}", ACCOUNT).replace("${AWS::Region}", REGION)


def _replaced(text: str, names: dict[str, str]) -> str:
    for name, changed in names.items():
        text = text.replace(name, changed)
    return text


def _write(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)  # The file of the assembly before is the same one.
    path.write_text(text)
