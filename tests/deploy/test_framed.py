"""A Space as the Hub shows it: in a frame of another site, for which a browser may keep nothing."""

from urllib.parse import parse_qs, urlsplit

from tests.browser import expect, page_in_context

HUB = "https://huggingface.co/spaces/someone/maskwise"
AROUND = """<!doctype html><script>
  const told = [];
  addEventListener('message', ({data: {queryString}}) => { if (queryString) told.push(queryString); });
</script><iframe src="%s" referrerpolicy="unsafe-url" style="width: 1200px; height: 4000px"></iframe>"""
NOTHING_IS_KEPT = """if (window !== top) for (const name of ['localStorage', 'sessionStorage'])
  Object.defineProperty(window, name, {get() { throw new DOMException('Denied.', 'SecurityError'); }});"""
OPEN = {"viewport": {"width": 1280, "height": 1000}, "permissions": ["local-network-access"]}


def test_a_framed_page_works_without_storage_and_clipboard_and_gives_no_key_away(browser, url):
    with page_in_context(browser, OPEN) as page:
        errors = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.add_init_script(NOTHING_IS_KEPT)
        around = AROUND % f"{url}?__theme=dark&__sign=a-visitors-key"
        page.route(f"{HUB}*", lambda route: route.fulfill(content_type="text/html", body=around))
        page.goto(HUB)
        frame = page.frame_locator("iframe")
        expect(frame.locator("#status")).to_contain_text("A stored example")
        frame.locator("#run").click()
        expect(frame.locator("#status")).to_contain_text("on tiny-llama")
        asked = parse_qs(page.evaluate("told.at(-1)"))
        assert asked.keys() == {"run"}  # by which a reload of the Hub's page finds the run
        frame.locator("#share").get_by_role("button", name="Copy link").click()
        expect(frame.locator("#share [role=status]")).to_contain_text("Press Ctrl + C")
        link = parse_qs(urlsplit(frame.locator("#share .mw-share-link").input_value()).query)
        assert "prompt" in link and link["__theme"] == ["dark"] and not {"__sign", "run"} & link.keys()
        frame.get_by_role("button", name="Take the tour").click()
        for _ in range(3):  # each card is seen, though the frame is far taller than the window
            expect(frame.locator(".mw-tour-card")).to_be_in_viewport(ratio=1)
            frame.get_by_role("button", name="Next").click()
        frame.get_by_role("button", name="Close").click()
        page.evaluate("address => { document.querySelector('iframe').src = address; }", f"{url}room")
        expect(frame.get_by_label("Code")).to_be_visible()
        assert errors == []
