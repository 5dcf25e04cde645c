"""Short text for long values: compressed JSON in letters that a URL may hold."""

from __future__ import annotations

import json
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode

from explainers.core.errors import MaskwiseError

MOST_UNPACKED = 200_000  # bytes
TOO_LONG = "The texts are too long for a link. Download the result as JSON instead."
DAMAGED = "The link is damaged: a part of it is missing or was changed. Ask for it again."


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
