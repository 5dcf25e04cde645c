"""What a browser fetches before the page stands: python -m benchmarks.page_weight

Prints the bytes of the page's config as it is sent, its largest parts, and the bytes of scripts and styles,
which browsers keep.
"""

from __future__ import annotations

import json
import urllib.request
from collections import Counter

from app import launch
from components.page.scripts import ASSETS, SERVED


def main() -> None:
    demo, url, _ = launch(prevent_thread_lock=True, quiet=True)
    try:
        sent = urllib.request.urlopen(f"{url}config").read()
    finally:
        demo.close()
    print(f"config: {len(sent):,} bytes")
    for name, size in config_parts(json.loads(sent)).most_common(8):
        print(f"  {name}: {size:,}")
    files = [path.stat().st_size for path in ASSETS.rglob("*") if path.suffix in SERVED]
    print(f"scripts and styles: {sum(files):,} bytes in {len(files)} files")


def config_parts(config: dict) -> Counter:
    """Characters of JSON by part: of components, by what each says of itself; else by key."""
    parts = Counter({key: _length(part) for key, part in config.items() if key != "components"})
    for component in config["components"]:
        props = component.pop("props")
        parts.update({f"components' {key}": _length(value) for key, value in component.items()})
        parts.update({f"{component['type']} {key}": _length(value) for key, value in props.items()})
    return parts


def _length(value) -> int:
    return len(json.dumps(value, separators=(",", ":"), ensure_ascii=False))


if __name__ == "__main__":
    main()
