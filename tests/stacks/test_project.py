"""A project's file: what it says, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest
from aws_cdk import App

import app as entry
from stacks.configuration import Configuration, ConfigurationError
from stacks.project import SETTINGS, Project, ProjectError, nearest_project, read_project
from tests.stacks.synthesis import context


def project(root: Path, text: str) -> Project:
    """Return the project whose file has a text."""
    (root / "sluice.toml").write_text(text)
    return read_project(root)


def configuration(found: Project, **environment: str) -> Configuration:
    """Return what is configured by a project in an environment."""
    return Configuration.read(lambda _: None, found.variables(environment))


def test_the_settings_of_the_file_count_and_the_environment_goes_before_them(tmp_path: Path) -> None:
    """Texts, numbers, true and lists are what they are in the environment."""
    found = project(
        tmp_path,
        '[settings]\nalert_email = "a@example.com"\nmax_vcpus_spot = 8\nnat = true\n'
        'instance_types = ["c7i", "m7i.large"]\n',
    )
    read = configuration(found)
    assert (read.alert_email, read.max_vcpus_spot, read.nat) == ("a@example.com", 8, True)
    assert read.instance_types == ("c7i", "m7i.large")
    assert configuration(found, SLUICE_MAX_VCPUS_SPOT="9", SLUICE_NAT="").max_vcpus_spot == 9
    assert configuration(found, SLUICE_MAX_VCPUS_SPOT="9", SLUICE_NAT="").nat


def test_a_folder_without_a_file_has_no_settings(tmp_path: Path) -> None:
    """A project of before has none."""
    assert configuration(read_project(tmp_path)) == Configuration()


def test_every_mistake_of_the_file_is_said(tmp_path: Path) -> None:
    """Unknown names with the nearest one, other tables, and values that are no setting."""
    with pytest.raises(ProjectError) as raised:
        project(
            tmp_path,
            "nat = true\n[settings]\nalert_emial = 'a@b.de'\nzone = {}\nnat = 1.5\n[sluice]\nx = 1\n",
        )
    said = str(raised.value)
    assert f"{tmp_path / 'sluice.toml'} has mistakes:" in said
    assert (
        "[settings] alert_emial: expected a setting of docs/settings.md; did you mean 'alert_email'?" in said
    )
    assert "[settings] nat: expected a text, a number, true, false or a list, found 1.5." in said
    assert "[sluice] x: expected source or version." in said
    assert "expected the tables [settings] and [sluice], found 'nat'." in said


def test_what_is_no_toml_is_said_with_its_line(tmp_path: Path) -> None:
    """The parser knows where."""
    with pytest.raises(ProjectError, match=r"expected TOML, found: .*line 2"):
        project(tmp_path, "[settings]\nnat = \n")


def test_a_wrong_value_is_refused_as_in_the_environment(tmp_path: Path) -> None:
    """By the same reader."""
    with pytest.raises(ConfigurationError, match="SLUICE_NAT: expected one of"):
        configuration(project(tmp_path, '[settings]\nnat = "perhaps"\n'))


def test_the_nearest_file_upwards_is_the_projects(tmp_path: Path) -> None:
    """A project in a project is its own."""
    inner = tmp_path / "examples" / "pipelines"
    inner.mkdir(parents=True)
    assert nearest_project(inner) is None
    (tmp_path / "sluice.toml").touch()
    assert nearest_project(inner) == tmp_path
    (tmp_path / "examples" / "sluice.toml").touch()
    assert nearest_project(inner) == tmp_path / "examples"


def test_the_template_keeps_what_was_chosen(tmp_path: Path) -> None:
    """The next deploy compares: what is at its default is nobody's choice."""
    (tmp_path / "sluice.toml").write_text("[settings]\nmax_vcpus_spot = 8\nmax_vcpus_on_demand = 64\n")
    app = App(outdir=str(tmp_path / "out"), context=context() | {"dashboard": False})
    entry.compose(app, root=tmp_path, environment={"ALERT_EMAIL": "a@example.com"})
    template = app.synth().get_stack_by_name("SluiceControl").template
    assert template["Metadata"][SETTINGS] == {
        "alert_email": "a@example.com",
        "max_vcpus_spot": "8",
        "dashboard": "False",
    }
