"""The page's files and modules in the browser."""

import gzip

from playwright.sync_api import Page, Response, expect

from tests.support.browser import open_view


def test_page_takes_three_small_requests_and_is_cached(page: Page) -> None:
    received: dict[str, tuple[int, str]] = {}

    def record(response: Response) -> None:
        size = len(gzip.compress(response.body()))  # as API Gateway sends it
        received[response.url] = size, response.headers.get("cache-control", "")
        assert b"@param" not in response.body()  # comments are for those who read the source

    page.on("response", record)
    page.reload()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert sum(size for size, _ in received.values()) < 60_000
    files = {url: caching for url, (_, caching) in received.items() if not url.endswith("/admin")}
    assert (len(received), len(files)) == (3, 2)
    assert all("immutable" in caching for caching in files.values()), files


def test_element_accepts_nested_lists_but_no_objects(page: Page) -> None:
    script = page.locator("script").get_attribute("src") or ""
    rendered = page.evaluate(
        """async (module) => {
          const { h } = await import(new URL(module, location.href).href);
          const rejects = (child) => { try { h("p", {}, child); } catch (error) { return error.name; } };
          const nested = h("p", {}, "a", [["b", [h("b", {}, "c")]], null, undefined], []);
          return [nested.innerHTML, [{}, 1, true, () => 1, [["x", new Date(0)]]].map(rejects)];
        }""",
        script.replace("rollcall.js", "dom.js"),
    )
    assert rendered == ["ab<b>c</b>", ["TypeError"] * 5]


def test_part_that_does_not_load_asks_to_reload(admin_page: Page) -> None:
    """After a deployment the files of the page that is open are gone."""
    admin_page.route("**/wizard.js", lambda route: route.fulfill(status=404))
    open_view(admin_page, "/imports/new")
    expect(admin_page.get_by_role("alert")).to_contain_text("Reload the page")
