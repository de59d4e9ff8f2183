"""Each view, as each kind of user."""

import pytest
from playwright.sync_api import Page, expect

from tests.support.access import PASSWORD
from tests.support.browser import (
    expect_text,
    heading,
    labelled_values,
    open_view,
    readable_phone,
    shown_member,
    sign_in,
)
from tests.support.local_stack import LocalStack, roster_csv

GROUPS_BY_KIND = {  # {} stands for the test's account
    "admin": ["admins"],
    "editor": ["editors"],
    "viewer": ["viewers"],
    "reader": ["{}-reader"],
    "importer": ["{}-importer"],
    "writer": ["{}-writer"],
    "nobody": [],
}
PERMISSIONS_BY_KIND = {  # of the groups that the test creates
    "reader": ["members:read"],
    "importer": ["imports:read", "imports:write"],
    "writer": ["members:write"],
}


class SeededAccount:
    """An account with a member, an import that created one and rejected one, a token, and the limited groups."""

    def __init__(self, local: LocalStack, account: str) -> None:
        self.account = account
        self.member = local.add_member(account, last_name=f"Lee{account}")
        text = roster_csv(account, 1) + f"Bad,Phone,12,x,{account}\n"
        self.import_id = local.import_csv(text, f"?filename={account}.csv&account_id={account}")["id"]
        self.export_id = local.call("POST", "/exports", {"account_id": account})["id"]
        self.imported = local.call("GET", f"/accounts/{account}/members/0")
        for kind, permissions in PERMISSIONS_BY_KIND.items():
            # Reading imports that other users started requires all accounts.
            accounts = "*" if kind == "importer" else [account]
            local.add_group(f"{account}-{kind}", permissions, accounts)
        local.call("POST", "/tokens", {"name": account, "groups": ["viewers"]})

    def views(self) -> list[tuple[str, str, str, list[str]]]:
        """Returns the path, the required permission, the heading and some texts of each view."""
        member, account = self.member, self.account
        imported, import_id = self.imported, self.import_id
        labels = [
            "First name",
            "Last name",
            "Phone number",
            "Client member id",
            "Account",
            "Added",
            "Changed",
        ]
        return [
            (
                f"/members?account={account}&q=",
                "members:read",
                "Members",
                [
                    member["first_name"],
                    member["last_name"],
                    readable_phone(member["phone_number"]),
                    imported["last_name"],
                    "2 members",
                ],
            ),
            (
                f"/members/{member['id']}",
                "members:read",
                f"Ann Lee{account}",
                [*labels, member["first_name"], account, "by the token tests", member["id"], "Copy id"],
            ),
            (
                f"/members/{imported['id']}",
                "members:read",
                "Ann0 Lee00000",
                [*labels, "by", ", line 2"],
            ),
            ("/members/new", "members:write", "Add a member", labels[:5]),
            ("/imports", "imports:read", "Imports", [f"{account}.csv", "completed", "the token tests"]),
            (
                f"/imports/{import_id}",
                "imports:read",
                f"{account}.csv",
                [
                    "1 added",
                    "1 rejected",
                    "too few or too many digits",
                    "Phone number:",
                    "Bad",
                    "12",
                    "the token tests",
                ],
            ),
            ("/imports/new", "imports:write", "Import members", ["Choose the files", "Download a template"]),
            ("/exports", "members:export", "Exports", [account, "csv", "the token tests"]),
            (
                f"/exports/{self.export_id}",
                "members:export",
                f"Export of account {account}",
                ["completed, 2 members", "As of", "csv", "the token tests"],
            ),
            ("/access/users", "access:admin", "Users", [f"{account}-admin", "admins", "yes", "Add a user"]),
            (
                "/access/groups",
                "access:admin",
                "Groups",
                [f"{account}-reader", "Find and read members", "every account"],
            ),
            ("/access/tokens", "access:admin", "Tokens", [account, "viewers", "token:tests", "never"]),
        ]


@pytest.mark.parametrize("kind", GROUPS_BY_KIND)
def test_every_view_is_readable_by_each_kind_of_user(
    local: LocalStack, page: Page, account: str, kind: str
) -> None:
    seeded = SeededAccount(local, account)
    name = f"{account}-{kind}"
    groups = [group.format(account) for group in GROUPS_BY_KIND[kind]]
    local.add_user(f"{account}-admin", ["admins"])
    if kind != "admin":
        local.add_user(name, groups)
    expect_text(page, "Rollcall", "Name", "Password", "Sign in")
    sign_in(page, name, PASSWORD)
    expect_text(page, name, "Sign out")
    page.evaluate(f"sessionStorage.setItem('rollcall.account', '{account}')")
    granted = {one for group in groups for one in local.call("GET", f"/groups/{group}")["permissions"]}
    for path, permission, title, texts in seeded.views():
        open_view(page, path)
        if kind == "nobody":
            expect_text(page, "No access yet", "Ask an admin for one.")
        elif permission in granted:
            expect(heading(page, title)).to_be_visible()
            expect_text(page, title, *texts)
        else:
            expect_text(page, "No permission", f"({permission}). Ask an admin for it.")
        expect_text(page)
    if "access:admin" in granted:
        for thing, texts in (
            ("user", ["Name", "Password", "12 characters or more.", "viewers"]),
            ("group", ["Name", "Permissions", "members:read", "Accounts"]),
            ("token", ["Name", "Valid for (days)", "viewers", "365"]),
        ):
            open_view(page, f"/access/{thing}s")
            page.get_by_role("button", name=f"Add a {thing}").click()
            expect_text(page, f"Add a {thing}", *texts, "Cancel")
            page.keyboard.press("Escape")
    page.get_by_role("button", name="Password").click()
    expect_text(page, "Change your password", "Current password", "New password", "12 characters or more.")


@pytest.mark.parametrize("kind", ["editor", "viewer", "reader"])
def test_member_view_shows_each_value_beside_its_label(
    local: LocalStack, page: Page, account: str, kind: str
) -> None:
    seeded = SeededAccount(local, account)
    groups = [group.format(account) for group in GROUPS_BY_KIND[kind]]
    local.add_user(account, groups)
    sign_in(page, account, PASSWORD)
    expect(heading(page, "Members")).to_be_visible()
    member = seeded.member
    open_view(page, f"/members/{member['id']}")
    expect(heading(page, f"Ann {member['last_name']}")).to_be_visible()
    shown = labelled_values(page)
    assert shown_member(page).items() <= member.items()
    assert shown["Added"].endswith(" by the token tests")
    assert (shown["Version"], shown["Id"]) == ("1", f"{member['id']} Copy id")
