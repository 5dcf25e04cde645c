"""The settings of a deployment, and the table that documents them."""

from pathlib import Path

import pytest

from deploy.settings import table
from explainers.core.deployment import Deployment, PublicDeployment, deployment
from explainers.core.errors import MaskwiseError

DOCUMENT = Path(__file__).parents[2] / "docs" / "deploy.md"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch):
    monkeypatch.delenv("SPACE_ID", raising=False)


def test_the_document_holds_the_table():
    assert table() in DOCUMENT.read_text(encoding="utf-8")
    assert len(table().splitlines()) == len(Deployment.model_fields) + 2


def test_every_setting_says_what_it_means_and_no_bound_is_wider_in_public():
    for name, field in Deployment.model_fields.items():
        assert field.description and field.description.endswith("."), name
        own, public = field.default, PublicDeployment.model_fields[name].default
        if type(own) in (int, float):
            assert public <= own, name


@pytest.mark.parametrize(
    "environment, public",
    [
        ({}, False),
        ({"SPACE_ID": "a/b"}, True),
        ({"MASKWISE_PUBLIC": "1"}, True),
        ({"SPACE_ID": "a/b", "MASKWISE_PUBLIC": "0"}, False),
    ],
)
def test_who_counts_as_public(monkeypatch, environment, public):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert deployment().public is public
    assert deployment().chars == (PublicDeployment if public else Deployment).model_fields["chars"].default


def test_a_setting_of_the_owner_counts_before_the_default(monkeypatch):
    monkeypatch.setenv("SPACE_ID", "a/b")
    monkeypatch.setenv("MASKWISE_CHARS", "7000")
    monkeypatch.setenv("MASKWISE_MODELS", " a/b ,, c/d")
    assert deployment().chars == 7000 and deployment().models == ("a/b", "c/d")
    assert deployment().is_listed("c/d") and not deployment().is_listed("")
    assert deployment().spans == PublicDeployment.model_fields["spans"].default


@pytest.mark.parametrize(
    "name, value", [("K", "x"), ("SPANS", "0"), ("MAX_SECONDS", "-1"), ("FOLDERS", "perhaps")]
)
def test_a_value_that_cannot_be_is_named(monkeypatch, name, value):
    monkeypatch.setenv(f"MASKWISE_{name}", value)
    with pytest.raises(MaskwiseError, match=f"MASKWISE_{name} cannot be used"):
        deployment()
