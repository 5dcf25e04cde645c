"""The settings of a deployment, and the table that documents them."""

import os
import socket
from collections import UserDict
from pathlib import Path

import pytest

import app
from components.line.work import Work
from deploy.settings import table
from explainers.core.deployment import Deployment, PublicDeployment, deployment
from explainers.core.errors import MaskwiseError
from explainers.streams.game.rounds import ready_rounds
from explainers.streams.requests.generation import GenerationRequest
from tests.forked import output_of

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "deploy.md"


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


def test_a_name_with_a_slip_in_it_is_no_setting(monkeypatch):
    monkeypatch.setenv("MASKWISE_MODLES", "a/b")  # any model could be loaded
    with pytest.raises(MaskwiseError, match="There is no setting 'MASKWISE_MODLES'.*docs/deploy.md"):
        deployment()


def test_rounds_that_the_bounds_do_not_allow_are_left_out(monkeypatch):
    every = ready_rounds()
    monkeypatch.setenv("MASKWISE_K", "2")
    assert {round.k for round in every} > {round.k for round in ready_rounds()} == {2}


def test_bounds_are_read_when_they_are_used(monkeypatch):
    monkeypatch.setenv("MASKWISE_CHARS", "5")
    monkeypatch.setenv("MASKWISE_K", "2")
    monkeypatch.setenv("MASKWISE_MAX_SECONDS", "7")
    with pytest.raises(MaskwiseError, match="prompt is limited to 5 characters"):
        GenerationRequest("Say hello.")
    with pytest.raises(MaskwiseError, match="k must be a whole number between 1 and 2"):
        GenerationRequest("Say.", k=3)
    assert Work(iter, "kind").max_seconds == 7


def test_a_start_with_a_value_that_cannot_be_ends_in_its_sentence_alone():
    ended = output_of("app.py", MASKWISE_ROOMS="none")
    assert ended.returncode == 2 and not ended.stdout
    assert ended.stderr.startswith("MASKWISE_ROOMS cannot be used: Input should be a valid integer")
    assert "docs/deploy.md" in ended.stderr and ended.stderr.count("\n") == 1


@pytest.mark.parametrize("port", ["many", "70000", "-1", ""])
def test_a_port_that_is_none_is_said(monkeypatch, port):
    monkeypatch.setenv("PORT", port)
    with pytest.raises(MaskwiseError, match=f"port '{port}' .no port number.*docs/deploy.md"):
        app.free_address()


def test_a_port_that_another_program_has_is_said(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as other:
        monkeypatch.setenv("PORT", str(other.getsockname()[1]))
        with pytest.raises(MaskwiseError, match="Address already in use"):
            app.free_address()


def test_a_setting_that_another_thread_takes_away_meanwhile_is_none(monkeypatch):
    class Environment(UserDict):
        def __iter__(self):
            return iter([*self.data, "MASKWISE_K"])  # K is taken away once the names are read

    monkeypatch.setenv("MASKWISE_ROOMS", "7")
    known = deployment()
    monkeypatch.setattr(os, "environ", Environment(os.environ))
    assert deployment() is known
