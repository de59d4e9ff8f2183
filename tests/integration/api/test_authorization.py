"""Who may do what over HTTP: every route, every account, and nothing learned about those of others."""

import logging
import time
import uuid

import pytest

from app import app
from chalicelib.access.model import NewGroup, NewToken, NewUser, UserChanges
from chalicelib.access.permissions import Permission
from chalicelib.access.throttle import PAUSE_SECONDS
from chalicelib.api.openapi.document import document
from chalicelib.imports.model import Source, new_import_id
from chalicelib.members.model import member_id
from chalicelib.services import Services
from tests.support.client import Http, href
from tests.support.pipeline import Pipeline

PASSWORD = "correct horse battery"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
ALL: list[Permission] = ["members:read", "members:write", "imports:read", "imports:write"]
ROUTES = sorted((method, path) for path, entries in app.routes.items() for method in entries)
PUBLIC = {
    (method, path)
    for method in ("GET", "HEAD")
    for path in ("/openapi.json", "/admin", "/admin/{folder}/{name}")
}
SIGNED_IN = {
    ("GET", "/me"),
    ("HEAD", "/me"),
    ("PATCH", "/me"),
    ("POST", "/sessions"),
    ("DELETE", "/sessions"),
}
HEADER = "first_name,last_name,phone_number,client_member_id,account_id\n"


def handle() -> str:
    return f"n-{uuid.uuid4().hex[:8]}"


def with_grants(http: Http, services: Services, permissions: list[Permission], accounts: list[str]) -> Http:
    """A caller with a token of its own, in a group of its own."""
    name = handle()
    services.groups.create(NewGroup(name=name, permissions=permissions, accounts=accounts))
    token = services.tokens.create(NewToken(name=name, groups=[name]))
    return http.bearer(token.text)


@pytest.fixture
def mine(http: Http, services: Services, account: str) -> Http:
    """A caller who may do all there is with the members and imports of one account, and nothing else."""
    return with_grants(http, services, ALL, [account])


@pytest.fixture
def other() -> str:
    """An account that `mine` knows nothing of."""
    return f"other-{uuid.uuid4().hex[:8]}"


def person(account: str, client_member_id: str = "1", phone: str = "3235550001") -> dict[str, str]:
    return {
        "account_id": account,
        "client_member_id": client_member_id,
        "first_name": "Ann",
        "last_name": "Lee",
        "phone_number": phone,
    }


def filled(path: str) -> str:
    """The path with something in place of its parameters."""
    return "/".join("nothing" if part.startswith("{") else part for part in path.split("/"))


# ---- Every route


@pytest.mark.parametrize(("method", "path"), [route for route in ROUTES if route not in PUBLIC])
def test_no_route_answers_without_credentials(http: Http, method: str, path: str) -> None:
    missing = http.nobody().request(method, filled(path))
    wrong = http.bearer("rollcall_VE9LRU5TL25vYm9keQ.x").request(method, filled(path))
    for answer in (missing, wrong):
        answer.refused(method, 401, "unauthorized")
        assert answer.headers["WWW-Authenticate"].startswith('Basic realm="rollcall"')


@pytest.mark.parametrize(("method", "path"), [route for route in ROUTES if route not in PUBLIC | SIGNED_IN])
def test_no_route_answers_who_was_granted_nothing(
    http: Http, services: Services, method: str, path: str
) -> None:
    refused = app.routes[path][method].view_name == "method_not_allowed"
    status, code = (405, "method_not_allowed") if refused else (403, "forbidden")
    with_grants(http, services, [], ["*"]).request(method, filled(path)).refused(method, status, code)


def test_the_routes_that_need_no_permission_are_these_and_say_so() -> None:
    described = document()["paths"]
    public = {
        (method.upper(), path)
        for path, item in described.items()
        for method, operation in item.items()
        if method.upper() in METHODS and not operation["security"]
    }
    assert public == {
        ("GET", path) for _, path in PUBLIC if not path.startswith("/admin")
    }  # a page for people


@pytest.mark.parametrize(
    ("group", "method", "path", "status"),
    [
        ("viewers", "GET", "/members", 200),
        ("viewers", "POST", "/members", 403),
        ("viewers", "PATCH", "/members/x", 403),
        ("viewers", "DELETE", href("1", "1"), 403),
        ("viewers", "GET", "/imports", 200),
        ("viewers", "POST", "/imports", 403),
        ("viewers", "POST", "/imports/x/cancel", 403),
        ("editors", "POST", "/members", 400),  # it may, and has sent nothing
        ("editors", "POST", "/imports", 400),
        ("editors", "GET", "/users", 403),
        ("editors", "POST", "/tokens", 403),
        ("admins", "GET", "/users", 200),
        ("admins", "GET", "/groups", 200),
        ("admins", "GET", "/tokens", 200),
    ],
)
def test_viewers_look_editors_write_and_admins_decide(
    http: Http, services: Services, group: str, method: str, path: str, status: int
) -> None:
    name = handle()
    token = services.tokens.create(NewToken(name=name, groups=[group]))
    assert http.bearer(token.text).request(method, path).status == status


# ---- Accounts


@pytest.mark.parametrize("client_member_id", ["there", "not-there"])
def test_another_accounts_member_is_forbidden_whether_it_is_there_or_not(
    http: Http, mine: Http, other: str, client_member_id: str
) -> None:
    http.create(person(other, "there"))
    said = set()
    for path in (f"/members/{member_id(other, client_member_id)}", href(other, client_member_id)):
        for method in ("GET", "PUT", "PATCH", "DELETE"):
            body = person(other, client_member_id) if method == "PUT" else {"first_name": "Ben"}
            problem = mine.send(method, path, body).problem(403, "account_forbidden")
            said.add(problem["detail"])
    assert said == {"You have no access to this account. Ask an admin to add it to one of your groups."}
    assert http.get(href(other, "there")).ok()["version"] == 1


def test_nothing_is_created_in_or_moved_to_another_account(
    http: Http, mine: Http, account: str, other: str
) -> None:
    http.create(person(other))
    for data in (person(other), person(other, "2", "3235550002")):  # a clash there, and none
        problem = mine.send("POST", "/members", data).problem(403, "account_forbidden")
        assert "errors" not in problem
    member = mine.create(person(account))
    path = f"/members/{member['id']}"
    mine.send("PATCH", path, {"account_id": other}).problem(403, "account_forbidden")
    mine.send("PUT", path, person(other)).problem(403, "account_forbidden")
    assert http.get(path).ok() == member


def test_a_conflict_names_members_of_the_callers_account_alone(
    http: Http, mine: Http, account: str, other: str
) -> None:
    """The same number stands in another account too."""
    http.create(person(other))
    holder = mine.create(person(account))
    problem = mine.send("POST", "/members", person(account, "2")).problem(409, "phone_number_taken")
    assert [error["member"]["id"] for error in problem["errors"]] == [holder["id"]]


def test_lists_and_searches_show_the_callers_accounts_alone(
    http: Http, services: Services, account: str, other: str
) -> None:
    second, number = f"{account}-b", f"+1323{int(account[4:12], 16) % 10**6:06}0"
    both = with_grants(http, services, ALL, [account, second, f"{account}-empty"])
    for one in (account, second, other):
        for n in range(3):
            http.create(person(one, f"{account}-{n}", number if n == 0 else f"{number[:-1]}{n}"))

    def seen(**query: object) -> list[tuple[str, str]]:
        pages = both.pages("/members", {**query, "limit": 2})
        return [(m["account_id"], m["client_member_id"][-1]) for page in pages for m in page["items"]]

    assert seen() == [(one, str(n)) for one in (account, second) for n in range(3)]
    assert sorted(seen(phone_number=number)) == [(account, "0"), (second, "0")]
    assert seen(client_member_id=f"{account}-1") == [(account, "1"), (second, "1")]
    assert len(seen(account_id=second, last_name="le")) == 3
    for query in ({"account_id": other}, {"id": member_id(other, f"{account}-0")}):
        both.get("/members", query).problem(403, "account_forbidden")


def test_a_cursor_of_a_wider_search_shows_no_more(http: Http, mine: Http, other: str) -> None:
    for n in range(2):
        http.create(person(other, str(n), f"323555000{n}"))
    cursor = http.get("/members", {"limit": 1}).ok()["next"]
    mine.get("/members", {"cursor": cursor}).problem(400, "invalid_cursor")


# ---- Imports


def finish(pipeline: Pipeline, shown: dict[str, dict[str, str]]) -> None:
    source = shown["source"]
    stored = Source(
        bucket=source["bucket"], key=source["key"], version=pipeline.latest_version(source["key"])
    )
    pipeline.drain(pipeline.imports.split(stored, "unused").id)


def test_rows_of_other_accounts_are_rejected_with_a_code_of_their_own(
    http: Http, mine: Http, pipeline: Pipeline, account: str, other: str
) -> None:
    http.create(person(other))
    rows = [f"Ann,Lee,323555000{n},{n},{one}\n" for n, one in enumerate((account, other, account, other), 1)]
    shown = mine.request("POST", "/imports", HEADER + "".join(rows), {"Content-Type": "text/csv"}).ok(202)
    finish(pipeline, shown)

    done = mine.get(f"/imports/{shown['id']}").ok()
    assert done["counts"] == {"rows": 4, "created": 2, "updated": 0, "unchanged": 0, "rejected": 2}
    assert done["created_by"].startswith("token:")
    rejected = pipeline.rejected(shown["id"])
    assert [(row["line"], row["code"]) for row in rejected] == [
        ("3", "account_forbidden"),
        ("5", "account_forbidden"),
    ]
    assert len({row["reason"] for row in rejected}) == 1  # whether there was something to clash with or not
    assert len(http.get("/members", {"account_id": other}).ok()["items"]) == 1
    [first, _] = mine.get("/members", {"account_id": account}).ok()["items"]
    assert first["created_by"] == first["modified_by"] == f"import:{shown['id']}"


def test_an_upload_keeps_to_the_accounts_of_who_asked_for_it(mine: Http, account: str, other: str) -> None:
    mine.send("POST", "/imports", {"filename": "a.csv", "account_id": other}).problem(
        403, "account_forbidden"
    )
    mine.request("POST", f"/imports?account_id={other}", HEADER, {"Content-Type": "text/csv"}).problem(
        403, "account_forbidden"
    )
    assert mine.send("POST", "/imports", {"filename": "a.csv", "account_id": account}).status == 201


def test_imports_of_other_accounts_are_not_there(
    http: Http, services: Services, mine: Http, pipeline: Pipeline, account: str, other: str
) -> None:
    wide = http.send("POST", "/imports", {"filename": "all.csv"}).ok(201)["id"]
    theirs = with_grants(http, services, ALL, [other]).send("POST", "/imports", {}).ok(201)["id"]
    own = mine.send("POST", "/imports", {}).ok(201)["id"]
    dropped = pipeline.run(f"drops/account={account}/a.csv", HEADER + f"Ann,Lee,3235550009,9,{other}\n").id

    assert [one["id"] for one in mine.get("/imports").ok()["items"]] == [own]
    for hidden in (wide, theirs, dropped, new_import_id()):
        for method, path in (("GET", ""), ("GET", "/rejected"), ("POST", "/cancel")):
            mine.request(method, f"/imports/{hidden}{path}").problem(404, "import_not_found")
    shown = with_grants(http, services, ALL, [account, other]).get("/imports").ok()["items"]
    assert {one["id"] for one in shown} >= {own, theirs}
    assert not {one["id"] for one in shown} & {wide, dropped}
    assert {wide, theirs, own, dropped} <= {
        one["id"] for page in http.pages("/imports", {"limit": 500}) for one in page["items"]
    }


def test_the_imports_that_a_caller_may_see_come_page_by_page(http: Http, mine: Http) -> None:
    own = []
    for _ in range(3):
        own.append(mine.send("POST", "/imports", {}).ok(201)["id"])
        http.send("POST", "/imports", {}).ok(201)
    pages = list(mine.pages("/imports", {"limit": 2}))
    found = [one["id"] for page in pages for one in page["items"]]
    assert sorted(found) == sorted(own)
    assert [len(page["items"]) for page in pages] == [2, 1]


# ---- Who did it, and who is known


def test_a_member_says_who_made_and_who_changed_it(
    http: Http, services: Services, mine: Http, account: str
) -> None:
    name = handle()
    services.users.create(NewUser(name=name, password=PASSWORD, groups=["editors"]))
    member = mine.create(person(account))
    assert member["created_by"] == member["modified_by"]
    assert member["created_by"].startswith("token:n-")
    changed = http.basic(name, PASSWORD).send("PATCH", f"/members/{member['id']}", {"first_name": "Zoë"}).ok()
    assert (changed["created_by"], changed["modified_by"]) == (member["created_by"], f"user:{name}")
    assert http.get(f"/members/{member['id']}").ok() == changed
    back = mine.send("PUT", f"/members/{member['id']}", {**changed, "first_name": "Ann", "created_by": "me"})
    assert back.ok()["modified_by"] == member["created_by"]


def test_what_is_revoked_disabled_or_changed_is_refused_at_once_here(http: Http, services: Services) -> None:
    """Behind API Gateway within the minute for which it keeps the authorizer's answer."""
    name = handle()
    services.users.create(NewUser(name=name, password=PASSWORD, groups=["viewers"]))
    by_password = http.basic(name, PASSWORD)
    session = http.bearer(by_password.request("POST", "/sessions").ok(201)["token"])
    assert session.get("/me").ok() == by_password.get("/me").ok()
    services.users.change(name, UserChanges(active=False))
    for caller in (by_password, session):
        caller.get("/me").problem(401, "unauthorized")
    services.users.change(name, UserChanges(active=True, password="another horse battery"))
    for caller in (by_password, session):
        caller.get("/me").problem(401, "unauthorized")
    token = http.bearer(services.tokens.create(NewToken(name=name, groups=["viewers"])).text)
    assert token.get("/me").ok()["kind"] == "token"
    services.tokens.revoke(name)
    token.get("/me").problem(401, "unauthorized")


def test_too_many_wrong_passwords_are_answered_with_when_to_come_back(http: Http) -> None:
    stranger = http.basic(handle(), PASSWORD)
    answers = [stranger.get("/me") for _ in range(6)]
    for answer in answers[:5]:
        answer.problem(401, "unauthorized")
    answers[5].problem(429, "too_many_attempts")
    assert 0 < int(answers[5].headers["Retry-After"]) <= PAUSE_SECONDS


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_makes_no_browser_send_what_changes_something(
    http: Http, account: str, site: str
) -> None:
    """The browser would send a name and a password along that it was asked for once."""
    sent = {"Sec-Fetch-Site": site}
    http.send("POST", "/members", person(account), sent).problem(403, "cross_site")
    assert http.get("/members", {"account_id": account}, sent).ok()["items"] == []
    assert http.request("HEAD", f"/members?account_id={account}", headers=sent).status == 200
    for own in ("same-origin", "none"):
        http.send("PUT", href(account, "1"), person(account), {"Sec-Fetch-Site": own})
    assert http.get(href(account, "1")).ok()["version"] == 1


def test_nobody_on_the_way_keeps_an_answer_or_guesses_its_type(http: Http, account: str) -> None:
    http.create(person(account))
    answers = [
        http.get("/members", {"account_id": account}),
        http.get(href(account, "2")),
        http.get("/users"),
    ]
    for answer in answers:
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Every line that is logged meanwhile, ours at any level."""
    for library in ("boto3", "botocore", "urllib3"):  # which nothing sets to DEBUG in a function
        caplog.set_level(logging.WARNING, library)
    caplog.set_level(logging.DEBUG)
    return caplog


def test_passwords_tokens_and_members_leave_no_trace_in_the_logs(
    http: Http, account: str, logged: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    name, token_name = handle(), handle()
    new = {"name": name, "password": PASSWORD, "groups": ["admins"]}
    http.send("POST", "/users", new).ok(201)
    user = http.basic(name, PASSWORD)
    text = user.send("POST", "/tokens", {"name": token_name, "groups": ["editors"]}).ok(201)["token"]
    session = user.request("POST", "/sessions").ok(201)["token"]
    http.bearer(text).create(person(account, "very-own-id", "3235557788"))
    http.bearer(session).send("PATCH", f"/users/{name}", {"password": "another horse battery"}).ok()
    http.basic(name, "a wrong horse battery").get("/me").problem(401, "unauthorized")
    http.send("POST", "/users", {"name": name, "password": "too short"}).problem(422, "invalid")
    http.bearer(text + "x").get("/me").problem(401, "unauthorized")

    said = "".join(str(vars(record)) for record in logged.records) + "".join(capsys.readouterr())
    assert f"token:{token_name}" in said  # who did what is there
    assert f"user:{name}" in said
    assert f"'about': '{name}'" in said  # and to whom
    assert f"'user': '{name}'" in said  # and at whose password somebody guessed
    for secret in (PASSWORD, "another horse", "wrong horse", "too short", text, session, "Basic ", "Bearer "):
        assert secret not in said
    for part in (text, session):
        assert part.partition(".")[2] not in said
    for personal in ("3235557788", "very-own-id", '"Ann"', '"Lee"'):
        assert personal not in said


def test_a_password_costs_what_it_must_and_a_token_next_to_nothing(http: Http, services: Services) -> None:
    name = handle()
    services.users.create(NewUser(name=name, password=PASSWORD, groups=["viewers"]))
    callers = (http.basic(name, PASSWORD), http)
    cpu = []
    for caller in callers:
        begun = time.process_time()
        caller.get("/me").ok()
        cpu.append(time.process_time() - begun)
    assert cpu[0] > 3 * cpu[1]  # so that nobody guesses many, while no machine has to wait
