"""The table of settings in docs/deploy.md, printed: python -m deploy.settings."""

from __future__ import annotations

from pydantic.fields import FieldInfo

from explainers.core.deployment import PREFIX, Deployment, PublicDeployment

HEAD = "| variable | on your own machine | in public | meaning |\n|---|---|---|---|"


def table() -> str:
    """All settings, in Markdown."""
    rows = [
        f"| `{PREFIX}{name.upper()}` | {_default(own)} | {_default(PublicDeployment.model_fields[name])} "
        f"| {own.description} |"
        for name, own in Deployment.model_fields.items()
    ]
    return "\n".join([HEAD, *rows])


def _default(field: FieldInfo) -> str:
    value = field.default
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:,}"
    return "no" if field.default_factory else ""


if __name__ == "__main__":
    print(table())
