"""One example of each schema that callers send or meet most, by its name."""

from typing import Any

_NAMES = {"first_name": "Ralph", "last_name": "Mouse"}
_NEW_MEMBER = {"account_id": "7", "client_member_id": "42", **_NAMES, "phone_number": "(323) 555-1234"}
_MEMBER = {
    **_NEW_MEMBER,
    "id": "Nx80Mg",
    "phone_number": "+13235551234",
    "created_at": "2026-11-23T05:24:48.110Z",
    "created_by": "user:ann",
    "last_modified": "2026-11-23T05:24:48.110Z",
    "modified_by": "user:ann",
    "version": 1,
}
_IMPORT_ID = "20261123T053000Z-hoqvbwgs4a"
_COUNTS = {"created": 994, "updated": 0, "unchanged": 0, "deleted": 0, "rejected": 6, "removed": 0}
_IMPORT = {
    "id": _IMPORT_ID,
    "status": "completed",
    "mode": "create",
    "dry_run": False,
    "source": {
        "bucket": "rollcall-prod",
        "key": f"uploads/{_IMPORT_ID}/roster.csv",
        "version": "3L4kqtJlcpXrof3vjVBH40Nr8X8gdRQB",
        "size": 52480,
        "arrived_at": "2026-11-23T05:30:00.000Z",
    },
    "counts": {"rows": 1000, **_COUNTS},
    "percent": 100,
    "seconds_left": None,
    "created_at": "2026-11-23T05:29:59.120Z",
    "started_at": "2026-11-23T05:30:00.310Z",
    "finished_at": "2026-11-23T05:30:04.270Z",
    "error": None,
    "created_by": "token:clinic-sync",
    "account_id": "7",
    "region": None,
    "max_rejected": "5%",
    "rows": None,
    "applies": None,
    "of": None,
    "of_file": None,
    "changed_since": 0,
    "encoding": "utf-8",
    "encoding_guessed": False,
    "encoding_examples": [],
    "encoding_candidates": [],
    "max_removed": None,
    "max_removed_percent": None,
    "removal": None,
    "estimate": None,
}
_REJECTED = {
    "line": 17,
    "code": "phone_not_possible",
    "reason": "phone_number: Must have the length of a phone number in its country.",
}
_LINK = {"url": "https://example.com/signed", "expires_at": "2026-11-23T05:45:00.000Z"}
_EXPORT = {
    "id": "20261123T060000Z-3fz5m2yqxe",
    "status": "completed",
    "account_id": "7",
    "last_name_prefix": None,
    "format": "csv.gz",
    "rows": 994,
    "as_of": "2026-11-23T06:00:00.000Z",
    "size": 20480,
    "created_by": "user:ann",
    "finished_at": "2026-11-23T06:00:02.500Z",
    "error": None,
}
_TOKEN = {
    "name": "clinic-sync",
    "groups": ["editors"],
    "created_at": "2026-11-23T05:00:00.000Z",
    "created_by": "user:ann",
    "expires_at": "2027-02-21T05:00:00.000Z",
    "last_used": None,
}
EXAMPLES: dict[str, Any] = {
    "Member": _MEMBER,
    "NewMember": _NEW_MEMBER,
    "AccountMember": {**_NAMES, "phone_number": "(323) 555-1234"},
    "MemberChanges": {"phone_number": "323-555-9999"},
    "MemberPage": {"items": [_MEMBER], "next": None},
    "MemberEvent": {
        "action": "updated",
        "version": 2,
        "at": "2026-11-24T08:00:00.000Z",
        "by": f"import:{_IMPORT_ID}",
        "import": {"id": _IMPORT_ID, "line": 17},
        "changes": {"phone_number": {"from": "+13235551234", "to": "+13235559999"}},
    },
    "ImportJob": _IMPORT,
    "NewImport": {"filename": "roster.csv", "account_id": "7", "mode": "upsert", "max_rejected": "5%"},
    "Preview": {
        "encoding": "utf-8",
        "encoding_guessed": False,
        "encoding_sure": True,
        "encoding_candidates": [{"encoding": "utf-8", "names": ["Zoë", "Müller"]}],
        "delimiter": ",",
        "sheets": [],
        "lines_above_header": [],
        "columns": [
            {"name": "Member ID", "field": "client_member_id", "means": "client_member_id"},
            {"name": "Handy", "field": None, "means": None},
        ],
        "missing": ["first_name", "last_name", "phone_number"],
        "modes": ["delete"],
        "rows": [{"line": 2, "cells": ["99", "323-555-1234"], "code": None, "reason": None, "column": None}],
        "problem": {
            "code": "missing_columns",
            "detail": "The first line must name the columns; first_name, last_name, phone_number not found among "
            "“Member ID, Handy”.",
        },
    },
    "PendingImport": {
        **_IMPORT,
        "status": "awaiting_upload",
        "counts": dict.fromkeys(("rows", *_COUNTS), 0),
        "percent": 0,
        "started_at": None,
        "finished_at": None,
        "encoding": None,
        "upload": {"method": "PUT", **_LINK},
    },
    "Report": {
        **_IMPORT,
        "codes": {"phone_not_possible": 4, "too_few_cells": 2},
        "sample": [_REJECTED],
        "columns": {"used": {"client_member_id": "Member ID", "phone_number": "Phone"}, "ignored": ["Notes"]},
        "passed_over": {"phone_number": ["Mobile"]},
        "changed_since_by": {},
        "warnings": [
            {
                "code": "decimal_id",
                "text": "Ids were written as decimals, such as 43.0, and read as whole numbers, such as 43.",
                "count": 1,
                "cells": [{"line": 5, "column": "client_member_id"}],
            }
        ],
        "delimiter": ",",
        "quote": '"',
        "escape": "",
        "lines_above_header": [],
        "sheets": [],
        "invalid_bytes": 0,
        "seconds": 3.96,
        "rows_per_second": 253,
    },
    "RejectedRow": {**_REJECTED, "cells": ["Ann", "Lee", "12", "99"], "column": 2},
    "ChangedRow": {
        "line": 18,
        "outcome": "updated",
        "code": None,
        "member_id": "Nx80Mg",
        "changes": {"last_name": {"from": "Mouse", "to": "Rat"}},
        "changed_by": None,
    },
    "Link": _LINK,
    "NewExport": {"account_id": "7", "format": "csv.gz"},
    "ExportJob": _EXPORT,
    "ExportWithLink": {**_EXPORT, **_LINK},
    "Me": {"kind": "token", "name": "clinic-sync", "grants": {"members:read": ["7"], "imports:write": "*"}},
    "NewUser": {"name": "ann", "password": "correct horse battery", "groups": ["editors"]},
    "NewGroup": {
        "name": "clinic-7",
        "permissions": ["members:read", "members:write"],
        "accounts": ["7"],
    },
    "NewToken": {"name": "clinic-sync", "groups": ["editors"], "days": 90},
    "Token": _TOKEN,
    "IssuedToken": {**_TOKEN, "token": "rollcall_Y2xpbmljLXN5bmM.…"},
    "Problem": {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "detail": "The phone number belongs to member Nx80Mg of this account. Use another one.",
        "code": "phone_number_taken",
        "request_id": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
        "errors": [
            {
                "pointer": "#/phone_number",
                "code": "phone_number_taken",
                "detail": "The phone number belongs to member Nx80Mg of this account. Use another one.",
                "member": {"id": "Nx80Mg", "href": "/members/Nx80Mg"},
            }
        ],
    },
}
