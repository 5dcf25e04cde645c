"""The fold with the whole prompt as the model reads it."""

from tests.browser import expect, guarded_page


def test_the_fold_shows_what_the_model_read(browser, url):
    with guarded_page(browser) as page:
        page.goto(url)
        run = page.get_by_role("button", name="Run", exact=True).first
        expect(run).to_be_enabled()
        page.locator("#prompt textarea").fill("hello <b>kind</b> world")
        run.click()
        fold = page.locator("#rendered")
        fold.locator("summary").click()
        expect(fold.locator("[data-kind=text]")).to_have_text("hello <b>kind</b> world")
        expect(fold.locator("[data-kind=mark]").first).to_have_text("<|im_start|>")
        expect(fold.locator("[data-kind=text] b")).to_have_count(0)
