"""What this deployment allows: every bound, read from the environment, tighter where strangers come."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Annotated

from pydantic import BeforeValidator, Field, PositiveFloat, PositiveInt, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from explainers.core.errors import MaskwiseError, shown

PREFIX, SPACE = "MASKWISE_", "SPACE_ID"
OF_BENCHMARKS = "MASKWISE_DATA"
TABLE = "docs/deploy.md has the settings."


def _names(listed: object) -> object:
    """Names between commas, as a tuple."""
    if not isinstance(listed, str):
        return listed
    return tuple(name for part in listed.split(",") if (name := part.strip()))


class Deployment(BaseSettings):
    """The bounds on one's own machine. Where a value is not given, that of the class counts."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True)

    public: bool = Field(
        default_factory=lambda: SPACE in os.environ,
        description="Strangers may come: the tighter bounds count. Yes by itself on a Hugging Face Space.",
    )
    models: Annotated[tuple[str, ...] | None, NoDecode, BeforeValidator(_names)] = Field(
        default=None,
        description="Hub ids that may be loaded, between commas, beside the built-in models. No folder may "
        "then. Unset: any model of the Hub; in public those of the menu.",
    )
    model_gb: PositiveFloat | None = Field(
        default=None,
        description="Largest model, in GB of its weights as published. A listed one may be larger.",
    )
    folders: bool = Field(default=True, description="Models may be loaded from folders of this machine.")
    memory_gb: PositiveFloat | None = Field(
        default=None,
        description="GB of memory for the weights of all models kept. Unset: half of what is free.",
    )
    disk_gb: PositiveFloat | None = Field(
        default=None, description="GB that downloaded models may take together."
    )
    cache: str = Field(
        default="", description="Folder in which results are kept. Unset: in memory, until the end."
    )
    results: str = Field(
        default="", description="Folder of `python -m studies`; opens the Results tab. Unset: no such tab."
    )
    device: str = Field(default="", description="Such as `cpu` or `cuda:1`. Unset: the fastest there is.")
    chars: PositiveInt = Field(default=20_000, description="Characters of a prompt, an answer or a text.")
    tokens: PositiveInt = Field(
        default=32_000, description="Tokens that a prompt or a text may have, with its template."
    )
    spans: PositiveInt = Field(
        default=4_000, description="Words, tokens or sentences that may be removed from one text."
    )
    new_tokens: PositiveInt = Field(default=512, description="Tokens of an answer that the model writes.")
    k: PositiveInt = Field(default=1_000, description="Spans that a search may remove.")
    steps: PositiveInt = Field(
        default=100_000,
        description="Any whole-number option of a method: iterations, samples, budget, permutations.",
    )
    max_seconds: PositiveFloat = Field(
        default=1_800, description="Seconds that one run may have with the models."
    )
    upload_mb: PositiveFloat = Field(
        default=20,
        description="MB of a file that is sent to the page. The files of an hour have 100 times as many.",
    )
    waiting: PositiveInt = Field(
        default=60, description="Runs that may wait in the line, and as many clicks and live readings."
    )
    waiting_each: PositiveInt = Field(
        default=20, description="Runs of one page or client, waiting or at work."
    )
    rooms: PositiveInt = Field(default=100, description="Rooms of classes that may be open at once.")
    students: PositiveInt = Field(default=100, description="Students that a room holds.")
    mcp: bool = Field(
        default=False, description="Offer the calls of the API as tools of the Model Context Protocol."
    )

    def is_listed(self, model: str) -> bool:
        """Whether the owner named this model, which then is the owner's choice and not a visitor's."""
        return model in (self.models or ())

    def allows_folders(self) -> bool:
        return self.folders and self.models is None


class PublicDeployment(Deployment):
    """The bounds where strangers come, as on a Space that somebody duplicated without any setting."""

    public: bool = True
    model_gb: PositiveFloat | None = 2
    folders: bool = False
    disk_gb: PositiveFloat | None = 20
    chars: PositiveInt = 5_000
    tokens: PositiveInt = 2_000
    spans: PositiveInt = 500
    new_tokens: PositiveInt = 128
    k: PositiveInt = 30
    steps: PositiveInt = 1_000
    max_seconds: PositiveFloat = 300
    upload_mb: PositiveFloat = 5
    waiting_each: PositiveInt = 5
    rooms: PositiveInt = 30


def deployment() -> Deployment:
    """The settings as the environment has them now. Raises MaskwiseError for a value that cannot be, and for
    a name that is none, such as that of a bound with a slip in it."""
    names = [name for name in os.environ if name.startswith((PREFIX, SPACE))]
    read = ((name, os.environ.get(name)) for name in names)  # another thread may take one away meanwhile
    return _read(frozenset((name, value) for name, value in read if value is not None))


@lru_cache(maxsize=1)
def _read(environment: frozenset[tuple[str, str]]) -> Deployment:
    """As `deployment`, of an environment that is told apart from others by what concerns us."""
    known = {f"{PREFIX}{field}".upper() for field in Deployment.model_fields} | {OF_BENCHMARKS, SPACE}
    if unknown := sorted(name for name, _ in environment if name.startswith(PREFIX) and name not in known):
        raise MaskwiseError(f"There is no setting {shown(unknown[0])}. {TABLE}")
    try:
        own = Deployment()
        return PublicDeployment() if own.public else own
    except ValidationError as error:
        wrong = error.errors(include_url=False)[0]
        name = f"{PREFIX}{wrong['loc'][0]}".upper()
        raise MaskwiseError(f"{name} cannot be used: {wrong['msg']}. {TABLE}") from error
