"""Links: the inputs of a tab as the query of an address, and back.

Nothing is kept on the server, so a link stays true for as long as its address does. Values are readable
parameters; a link that would be long has one parameter, `z`, with the same ones compressed.
"""

from __future__ import annotations

import json
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from components.sharing.fields import read_option, tab_fields
from explainers.core.errors import MaskwiseError, shown

MOST_READABLE, MOST_PACKED = 1_500, 16_000  # characters of a query
MOST_UNPACKED = 200_000  # bytes
OPTION = "option."  # begins the parameter of a method's option
TOO_LONG = "The texts are too long for a link. Download the result as JSON instead."
DAMAGED = "The link is damaged: a part of it is missing or was changed. Ask for it again."


def link_fields(tab: str, inputs: dict) -> str:
    """The query of a link to `tab` with these inputs; MaskwiseError where they are too long for one.

    inputs: values by the names in `tab_fields`, and "options": those of the chosen method. Others are left
    out.
    """
    fields = {"tab": tab} | write_inputs(tab, inputs)
    query = urlencode(fields)
    if len(query) <= MOST_READABLE:
        return query
    packed = f"z={pack(fields)}"
    if len(packed) > MOST_PACKED:
        raise MaskwiseError(TOO_LONG)
    return packed


def read_link(query: Mapping[str, str]) -> dict:
    """{"tab", "inputs", "ignored"}, or {} where the query is no link of ours. Never raises.

    inputs: the values that can be used, as `link_fields` takes them; what the link lacks is absent.
    ignored: a sentence for each value that cannot.
    """
    fields = {name: query[name] for name in query}
    if "z" in fields:
        try:
            fields = unpack(fields["z"])
        except MaskwiseError as error:
            return {"tab": "", "inputs": {}, "ignored": [str(error)]}
    tab = fields.get("tab") or _guess_tab(fields)
    if tab is None:
        return {}
    if tab not in tab_fields():
        return {"tab": "", "inputs": {}, "ignored": [f"There is no tab {shown(tab)}."]}
    inputs, ignored = read_inputs(tab, fields)
    return {"tab": tab, "inputs": inputs, "ignored": ignored}


def write_inputs(tab: str, inputs: dict) -> dict[str, str]:
    """Inputs as texts, by the names of the parameters."""
    options = inputs.get("options") or {}
    named = {name: inputs[name] for name in tab_fields()[tab] if name in inputs}
    named |= {f"{OPTION}{name}": value for name, value in options.items()}
    return {name: _write(value) for name, value in named.items() if value is not None}


def read_inputs(tab: str, fields: Mapping[str, str]) -> tuple[dict, list[str]]:
    """Untrusted texts by the names of the parameters → values that the tab can take, and what is wrong with
    the others, in sentences."""
    inputs: dict[str, Any] = {}
    ignored: list[str] = []
    for name, field in tab_fields()[tab].items():
        if name in fields:
            _keep(inputs, name, ignored, field.read, name, fields[name])
    if method := inputs.get("method"):
        options = inputs["options"] = {}
        for name in fields:
            if name.startswith(OPTION):
                own = name.removeprefix(OPTION)
                _keep(options, own, ignored, read_option, method, own, fields[name])
    return inputs, ignored


def _keep(values: dict, name: str, ignored: list[str], read, *arguments) -> None:
    try:
        values[name] = read(*arguments)
    except MaskwiseError as error:
        ignored.append(str(error))


def _write(value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, list | tuple):
        return ",".join(map(str, value))
    return str(value)


def _guess_tab(fields: Mapping[str, str]) -> str | None:
    """A link written by hand may name no tab."""
    return "generation" if "prompt" in fields else "classification" if "text" in fields else None


def pack(fields: dict[str, str]) -> str:
    """Raises MaskwiseError where `unpack` would not take it back."""
    data = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
    if len(data) > MOST_UNPACKED:
        raise MaskwiseError(TOO_LONG)
    return urlsafe_b64encode(zlib.compress(data, 9)).decode().rstrip("=")


def unpack(packed: str) -> dict[str, str]:
    """The fields that `pack` was given; raises MaskwiseError for anything else, without unfolding it all."""
    try:
        data = urlsafe_b64decode(packed.encode("ascii") + b"=" * (-len(packed) % 4))
        stream = zlib.decompressobj()
        unpacked = stream.decompress(data, MOST_UNPACKED)
        if not stream.eof:
            raise ValueError("more than MOST_UNPACKED bytes, or cut off")
        fields = json.loads(unpacked)
    except (ValueError, zlib.error, RecursionError) as error:
        raise MaskwiseError(DAMAGED) from error
    if not isinstance(fields, dict) or not all(isinstance(value, str) for value in fields.values()):
        raise MaskwiseError(DAMAGED)
    return fields
