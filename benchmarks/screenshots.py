"""Pictures of the page as it opens: `python -m benchmarks.screenshots` writes docs/{light,dark,phone}.png."""

from pathlib import Path

import app
from tests.browser import chromium, guarded_page

DOCS = Path(__file__).resolve().parent.parent / "docs"
LOOKS = {
    "light": {"viewport": {"width": 1280, "height": 900}},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}},
}


def main() -> None:
    DOCS.mkdir(exist_ok=True)
    demo, url, _ = app.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1")
    with chromium() as browser:
        for name, look in LOOKS.items():
            with guarded_page(browser, **look) as page:
                page.goto(url)
                page.locator("#plot .main-svg").first.wait_for()
                page.wait_for_timeout(1500)  # fonts and the first drawing settle
                page.screenshot(path=DOCS / f"{name}.png")
    demo.close()


if __name__ == "__main__":
    main()
