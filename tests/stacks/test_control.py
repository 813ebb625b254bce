"""What must hold for the control stack: its settings reach the functions, and its dashboard is optional."""

from __future__ import annotations

import pytest
from aws_cdk import App

import app as entry
from cli.project import EXAMPLES
from sluice.settings import AlertSettings, FanOutSettings, Settings, TrackSettings, TriggerSettings
from tests.stacks.assets import variables_of
from tests.stacks.synthesis import context
from tests.stacks.templates import Template

SETTINGS: dict[str, type[Settings]] = {
    "trigger": TriggerSettings,
    "fan_out": FanOutSettings,
    "track": TrackSettings,
    "alert": AlertSettings,
}


@pytest.mark.parametrize("stage", SETTINGS)
def test_a_function_gets_all_settings_that_it_reads(control: Template, stage: str) -> None:
    """The variables in the template are what the stage's settings read, and nothing of another stage's."""
    found = variables_of(control, stage)
    settings = SETTINGS[stage].from_env(found)
    assert set(settings.to_env()) == {name for name in found if name.startswith("SLUICE_")}


def test_without_the_setting_there_is_no_console(templates: dict[str, Template]) -> None:
    """No function, no address, no secret, no pool: nothing that every caller can reach, or that costs."""
    control = templates["Control"].document
    assert not [name for name in (*control["Resources"], *control["Outputs"]) if name.startswith("Console")]
    assert "Catalog" not in templates["Pipelines"].document["Outputs"]


def test_the_dashboard_can_be_left_out() -> None:
    """It costs money beyond an account's first three."""
    app = App(context=context())
    entry.compose(app, root=EXAMPLES, environment={"SLUICE_DASHBOARD": "false"})
    (stack,) = [child for child in app.node.children if child.node.id == "SluiceControl"]
    assert stack.node.try_find_child("Dashboard") is None
