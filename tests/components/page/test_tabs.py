"""The tab bar: every tab is one press away, however narrow the page."""

from tests.browser import expect, guarded_page

TABS = {
    "Generation": "#prompt",
    "Classification": "#class-text",
    "Compare": "#compare-run",
    "What if": "#what-about",
    "Classroom": "#guess-start",
}
WATCH = """async () => {
  const parts = Object.values(await import(document.getElementById('mw-states').href));
  const {prototype} = parts.find((part) => part.LoadingStatus).LoadingStatus;
  const {update} = prototype;
  window.told = [];
  prototype.update = function (event) {
    update.call(this, event);
    window.told.push([event.status, Object.keys(this.current).length]);
  };
}"""


def test_all_tabs_stand_in_the_bar_at_every_width_and_no_part_is_told_how_an_event_goes(browser, url):
    with guarded_page(browser) as page:
        page.goto(url)
        for width in (320, 390, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            for name, shown in TABS.items():
                page.get_by_role("tab", name=name, exact=True).click()
                expect(page.locator(shown)).to_be_visible(timeout=20_000)
            expect(page.get_by_label("More tabs").locator("visible=true")).to_have_count(0)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        no_part_is_told(page)


def no_part_is_told(page):
    """Gradio's page would tell every input of an event that has ended, of every later event."""
    page.evaluate(WATCH)
    page.get_by_role("tab", name="Generation", exact=True).click()
    page.locator("#prompt textarea").fill("Another prompt")
    page.wait_for_function("window.told.some(([status]) => status === 'complete')")
    assert {parts for _, parts in page.evaluate("window.told")} == {0}
