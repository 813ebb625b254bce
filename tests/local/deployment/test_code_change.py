"""A change of code alone, made in the assembly that was deployed last."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from local.deployment.code_change import Change, change_of, check_code
from local.errors import LocalCloudError
from local.images.images import Images
from local.paths import LocalCloudPaths

OLD, FILE, TEMPLATE = "a" * 64, "b" * 64, "d" * 64
URI = "000000000000.dkr.ecr.us-east-1.amazonaws.com/repository"


@pytest.fixture
def paths(tmp_path: Path) -> LocalCloudPaths:
    """A cloud's folder."""
    (tmp_path / "state").mkdir()
    return LocalCloudPaths(4566, tmp_path / "state")


@pytest.fixture
def assembly(tmp_path: Path) -> Path:
    """An assembly with a pipeline of one step, and the job definition of another image."""
    folder = tmp_path / "assembly"
    code = folder / f"asset.{OLD}" / "containers" / "count"
    code.mkdir(parents=True)
    (folder / f"asset.{OLD}" / "Dockerfile").write_text(
        'FROM python\nWORKDIR /app\nCOPY containers containers\nCMD ["python"]\n'
    )
    (code / "steps.py").write_text("old = 1\n")
    definitions = {
        "countJobs0123456789AB": _definition("sluice-count-work-0123456789", OLD),
        "otherJobs9876543210AB": _definition("sluice-other-work-9876543210", "c" * 64),
    }
    rule = {"Type": "AWS::Events::Rule", "Properties": {"Key": f"Sluice/{FILE}.json"}}
    template = {"Resources": {**definitions, "Rule": rule}}
    (folder / "S.template.json").write_text(json.dumps(template))
    (folder / f"asset.{FILE}.json").write_text('{"job": "sluice-count-work-0123456789"}')
    image = {
        "source": {"directory": f"asset.{OLD}", "dockerFile": "Dockerfile"},
        "destinations": {"here": {"repositoryName": "repository", "imageTag": OLD}},
    }
    file = {
        "displayName": "count/Definition/File",
        "source": {"path": f"asset.{FILE}.json"},
        "destinations": {"here": {"bucketName": "b-${AWS::AccountId}", "objectKey": f"Sluice/{FILE}.json"}},
    }
    stored = {
        "source": {"path": "S.template.json"},
        "destinations": {"here": {"bucketName": "b-${AWS::AccountId}", "objectKey": f"{TEMPLATE}.json"}},
    }
    assets = {"files": {FILE: file, TEMPLATE: stored}, "dockerImages": {OLD: image}}
    (folder / "S.assets.json").write_text(json.dumps(assets))
    return folder


def _definition(name: str, image: str) -> dict[str, object]:
    return {
        "Type": "AWS::Batch::JobDefinition",
        "Properties": {"JobDefinitionName": name, "Image": f"{URI}:{image}"},
    }


def _changed(paths: LocalCloudPaths, assembly: Path, code: str) -> Change | None:
    folder = paths.state / "code"
    folder.mkdir(exist_ok=True)
    (folder / "steps.py").write_text(code)
    return change_of(paths, assembly, "S", "count", folder)


def test_all_that_is_named_after_the_code_gets_a_new_name(paths: LocalCloudPaths, assembly: Path) -> None:
    """The image, its job definitions, the compiled pipeline, and who refers to them; nothing else."""
    change = _changed(paths, assembly, "new = 1\n")
    assert change is not None
    resources = json.loads(change.template)["Resources"]
    (name,) = (one for one in resources if one.startswith("count"))
    properties = resources[name]["Properties"]
    job, image = properties["JobDefinitionName"], properties["Image"]
    assert name != "countJobs0123456789AB"
    assert job.startswith("sluice-count-work-")
    assert job != "sluice-count-work-0123456789"
    assert resources["otherJobs9876543210AB"] == _definition("sluice-other-work-9876543210", "c" * 64)
    (bucket, key, content), (_, place, _) = change.files
    assert change.template_url == f"https://s3.us-east-1.amazonaws.com/b-000000000000/{place}"
    assert place != f"{TEMPLATE}.json"
    assert (bucket, json.loads(content)) == ("b-000000000000", {"job": job})
    assert resources["Rule"]["Properties"] == {"Key": key}
    found = Images(paths.images).resolve(image)
    assert (found.workdir / "containers" / "count" / "steps.py").read_text() == "new = 1\n"


def test_the_assembly_of_before_stays_as_it_was(paths: LocalCloudPaths, assembly: Path) -> None:
    """A cloud that was deployed from it may be looked at, and another may be deployed from it."""
    before = {path: path.read_bytes() for path in sorted(assembly.rglob("*")) if path.is_file()}
    assert _changed(paths, assembly, "new = 1\n") is not None
    assert {path: path.read_bytes() for path in sorted(assembly.rglob("*")) if path.is_file()} == before


def test_a_change_can_follow_another_and_be_taken_back(paths: LocalCloudPaths, assembly: Path) -> None:
    """Each content of the code has an image; each deploy has job definitions of its own."""
    first = _changed(paths, assembly, "new = 1\n")
    assert first is not None
    second = _changed(paths, first.assembly, "old = 1\n")
    assert second is not None
    third = _changed(paths, second.assembly, "new = 1\n")
    assert third is not None
    names = {one for change in (first, second, third) for one in json.loads(change.template)["Resources"]}
    assert len([name for name in names if name.startswith("count")]) == 3


def test_an_image_that_the_assembly_does_not_have_is_not_changed(
    paths: LocalCloudPaths, assembly: Path
) -> None:
    """The CDK has to make it."""
    assert change_of(paths, assembly, "S", "unknown", assembly) is None


@pytest.mark.parametrize("code", [b"def f(:\n", b"x = 1\n  y = 2\n", b"\xff\xfe", b"a\0b"])
def test_code_that_is_not_python_is_refused_with_its_file(tmp_path: Path, code: bytes) -> None:
    """Before anything is deployed."""
    (tmp_path / "steps.py").write_bytes(code)
    with pytest.raises(LocalCloudError, match=r"steps\.py, line \d+: expected Python"):
        check_code(tmp_path)


def test_the_list_of_the_compiled_pipelines_has_their_new_names(
    paths: LocalCloudPaths, assembly: Path
) -> None:
    """Wherever it stands among the files: a retry with the current code reads it."""
    assets = json.loads((assembly / "S.assets.json").read_text())
    listed = "e" * 64
    (assembly / f"asset.{listed}.json").write_text(json.dumps({"pipelines": {"count": f"S/{FILE}.json"}}))
    file = {
        "displayName": "Deployed/File",
        "source": {"path": f"asset.{listed}.json"},
        "destinations": {"here": {"bucketName": "b", "objectKey": f"S/{listed}.json"}},
    }
    assets["files"] = {listed: file, **assets["files"]}
    (assembly / "S.assets.json").write_text(json.dumps(assets))
    change = _changed(paths, assembly, "new = 1\n")
    assert change is not None
    (_, definition, _), (_, key, content), _ = change.files
    assert json.loads(content) == {"pipelines": {"count": definition.replace("Sluice/", "S/")}}
    assert FILE not in definition
    assert listed not in key
