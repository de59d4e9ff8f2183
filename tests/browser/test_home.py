"""The first view after signing in, as each kind of user."""

import re

from playwright.sync_api import Page, Route, expect

from tests.support.access import PASSWORD
from tests.support.browser import heading, open_view, rows, sign_in
from tests.support.local_stack import LocalStack, roster_csv


def check_stalled(local: LocalStack, page: Page, import_id: str) -> None:
    """Checks that an import without progress is shown as such. The times of the page and of the import are fixed."""
    running = {"status": "loading", "finished_at": None, "progress_at": "2026-11-23T05:36:30.000Z"}

    def respond(route: Route) -> None:
        route.fulfill(json={"items": [local.call("GET", f"/imports/{import_id}") | running], "next": None})

    page.clock.set_fixed_time("2026-11-23T06:00:00.000Z")
    page.route("**/imports?*", respond)
    open_view(page, "/imports")
    expect(rows(page).first).to_contain_text("loading, has not moved for 23 minutes")
    open_view(page, "/")
    stalled = page.get_by_role("region", name="Not moving").locator(".status.doubtful")
    expect(stalled).to_have_text("Loading: 40 added. Has not moved for 23 minutes.")
    page.unroute("**/imports?*")


def test_home_shows_what_ran_waits_and_failed(local: LocalStack, page: Page, account: str) -> None:
    everybody = local.import_csv(roster_csv(account, 40))["id"]
    bad = f"Bad,Phone,12,x,{account}\n"
    mine = f"&account_id={account}"
    rejected = local.import_csv(roster_csv(account, 1) + bad, f"?filename=bad.csv{mine}")["id"]
    sync = f"/imports?filename=sync.csv&mode=sync{mine}"
    waiting = local.call("POST", sync, roster_csv(account, 10), kind="text/csv")["id"]
    local.call("GET", f"/imports/{waiting}?wait=20")
    local.add_group(account, ["members:read", "members:write", "imports:read", "imports:write"], [account])
    local.add_group(f"{account}-reader", ["members:read"], [account])
    local.add_user(account, [account])
    local.add_user(f"{account}-reader", [f"{account}-reader"])
    open_view(page, "/")

    sign_in(page)
    expect(heading(page, "Home")).to_be_focused()
    latest = page.get_by_role("region", name="Latest imports")
    for title, import_id, text in (
        ("Waiting for approval", waiting, "Waiting for approval"),
        ("Failed, or with rejected rows", rejected, "1 rejected"),
        ("Latest imports", everybody, "40 added"),
    ):
        entry = (
            page.get_by_role("region", name=title)
            .get_by_role("listitem")
            .filter(has=page.locator(f"a[href='#/imports/{import_id}']"))
        )
        expect(entry).to_contain_text(text)
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.reload()
    expect(latest).to_be_visible()
    asked = [
        url for url in requested if not re.search(r"/admin/\w+/", url)
    ]  # those files are cached for ever
    assert [re.sub(r".*/", "/", url) for url in asked] == ["/admin", "/me", "/imports?limit=20"]
    page.get_by_role("link", name="Imports", exact=True).click()
    page.get_by_role("link", name="Rollcall", exact=True).click()
    expect(heading(page, "Home")).to_be_visible()
    check_stalled(local, page, everybody)

    page.get_by_role("button", name="Sign out").click()
    sign_in(page, account, PASSWORD)
    expect(latest).to_contain_text("bad.csv")
    expect(page.locator(f"a[href='#/imports/{everybody}']")).to_have_count(0)  # it was not of one account
    expect(page.get_by_text("Nothing waits for you.")).to_have_count(0)
    expect(page.get_by_role("link", name="Add a member")).to_be_visible()

    page.get_by_role("button", name="Sign out").click()
    requested.clear()
    sign_in(page, f"{account}-reader", PASSWORD)
    expect(heading(page, "Home")).to_be_visible()
    expect(page.get_by_role("link", name="Find a member")).to_be_visible()
    expect(page.get_by_role("link", name="Import")).to_have_count(0)
    assert not [url for url in requested if "/imports" in url]
