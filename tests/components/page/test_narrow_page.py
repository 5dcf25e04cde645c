"""The page where there is little room, and with texts that run from right to left."""

from tests.browser import expect, guarded_page

OVERLAPS = """buttons => {
  const heading = document.createRange();
  heading.selectNodeContents(document.querySelector('#introduction h1'));
  const words = heading.getBoundingClientRect();
  return buttons.filter((button) => {
    const {left, right, top, bottom} = button.getBoundingClientRect();
    return left < words.right && right > words.left && top < words.bottom && bottom > words.top;
  }).length;
}"""


def test_no_tool_covers_the_heading_and_what_runs_from_right_to_left_is_seen_so(browser, url):
    with guarded_page(browser) as page:
        page.goto(url)
        tools = page.locator(".mw-tools button:visible")
        for width in (320, 360, 390):
            page.set_viewport_size({"width": width, "height": 800})
            expect(tools).to_have_count(2)
            assert tools.evaluate_all(OVERLAPS) == 0
        for tab, text in [("Generation", "#prompt textarea"), ("Classification", "#label-words textarea")]:
            page.get_by_role("tab", name=tab, exact=True).click()
            expect(page.locator(text)).to_have_css("unicode-bidi", "plaintext")
            expect(page.locator(text)).to_have_css("text-align", "start")
