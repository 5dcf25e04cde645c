"""What a model menu invites to is what this deployment then loads."""

import pytest

from components.page.models_menu import model_menu
from explainers.core.types import Task


@pytest.mark.parametrize(
    ("environment", "invitation"),
    [
        ({}, "Choose one, or type a Hugging Face id or a folder."),
        ({"MASKWISE_FOLDERS": "false"}, "Choose one, or type a Hugging Face id."),
        ({"SPACE_ID": "someone/maskwise"}, None),
        ({"MASKWISE_MODELS": "org/one"}, None),
    ],
    ids=["at home", "without folders", "on a Space", "named models alone"],
)
def test_nobody_is_invited_to_type_what_would_be_refused(monkeypatch, environment, invitation):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    menu = model_menu(Task.GENERATION, "model")
    assert menu.info == invitation and menu.value == menu.choices[0][1]
