"""The OpenAPI 3.1 description of the API, made from the models; written once, when first asked for."""

from functools import cache
from typing import Any

from pydantic.json_schema import models_json_schema

from chalicelib import __version__
from chalicelib.fields.text import TEXT_SCHEMA
from chalicelib.imports.model import Import
from chalicelib.imports.new_import import NewImport
from chalicelib.members.model import READ_ONLY, Member, MemberChanges, NewMember

from . import access as openapi_access
from .parts import (
    ANNOUNCED,
    CURSOR,
    IF_MATCH,
    IF_NONE_MATCH,
    JSON,
    LIMIT,
    LINK,
    PROBLEM_SCHEMA,
    REJECTED_PAGE,
    REPORT,
    SECURITY_SCHEMES,
    Schema,
    answer,
    body,
    content,
    operation,
    page,
    parameter,
)

_FILTERS = [
    parameter("id", "query", "A member's id.", format="member-id"),
    parameter("account_id", "query", "The account.", **TEXT_SCHEMA),
    parameter("client_member_id", "query", "The account's own number of a member.", **TEXT_SCHEMA),
    parameter("phone_number", "query", "A phone number in any usual spelling.", format="phone"),
    parameter("last_name", "query", "How a last name starts; needs account_id.", **TEXT_SCHEMA),
]


def _one_member(what: str) -> Schema:
    """The operations on one member, by whatever key its path has."""
    written = "404 409 412 413 415 422"
    one, changed = (
        answer("The member.", "Member", "ETag"),
        answer("The member, and its Location if it moved.", "Member", "ETag", "Location?"),
    )
    return {
        "get": operation(
            f"get{what}",
            "Get a member",
            {"200": one, "304": answer("The caller has this version.", "", "ETag")},
            "404",
            parameters=[IF_NONE_MATCH],
        ),
        "put": operation(
            f"put{what}",
            "Replace a member",
            {"200": changed},
            written,
            parameters=[IF_MATCH, IF_NONE_MATCH],
            requestBody=body("NewMember"),
        ),
        "patch": operation(
            f"patch{what}",
            "Change some of a member's fields; a new account or client member id moves it, its id with it",
            {"200": changed},
            written,
            parameters=[IF_MATCH, IF_NONE_MATCH],
            requestBody=body("MemberChanges"),
        ),
        "delete": operation(
            f"delete{what}",
            "Remove a member",
            {"204": answer("It is gone; its phone number and client member id are free.")},
            "404 412",
            parameters=[IF_MATCH, IF_NONE_MATCH],
        ),
    }


def _members() -> Schema:
    listing = answer("A page of members.", "MemberPage", "Link?")
    created = answer("The new member.", "Member", "Location", "ETag")
    find = {"parameters": [*_FILTERS, LIMIT, CURSOR]}
    account_path = [
        parameter("account_id", "path", "The account.", **TEXT_SCHEMA),
        parameter("client_member_id", "path", "The account's own number of a member.", **TEXT_SCHEMA),
    ]
    account_member = _one_member("AccountMember")
    account_member["put"]["summary"] = "Create or replace a member; both ids are those of the path"
    account_member["put"]["requestBody"] = body("MemberOfPath")
    account_member["put"]["responses"]["201"] = created
    del account_member["put"]["responses"]["404"]
    return {
        "/members": {
            "get": operation(
                "findMembers", "Find members that match all filters", {"200": listing}, "", **find
            ),
            "post": operation(
                "createMember",
                "Add a member",
                {"201": created},
                "409 413 415 422",
                requestBody=body("NewMember"),
            ),
        },
        "/members/{member_id}": {
            "parameters": [parameter("member_id", "path", "A member's id.")],
            **_one_member("Member"),
        },
        "/accounts/{account_id}/members/{client_member_id}": {"parameters": account_path, **account_member},
    }


def _imports() -> Schema:
    one = {"parameters": [parameter("import_id", "path", "An import's id.")]}
    return {
        "/imports": {
            "get": operation(
                "listImports",
                "List imports, the newest first",
                {"200": answer("A page of imports.", "ImportPage", "Link?")},
                "",
                parameters=[LIMIT, CURSOR],
            ),
            "post": _start_import(),
        },
        "/imports/template": {
            "get": operation(
                "getTemplate",
                "The header line of a roster",
                {
                    "200": {
                        "description": "One line.",
                        "content": {"text/plain": {"schema": {"type": "string"}}},
                    }
                },
                "",
            )
        },
        "/imports/{import_id}": {
            **one,
            "get": operation("getImport", "Get an import", {"200": answer("The import.", "Import")}, "404"),
        },
        "/imports/{import_id}/cancel": {
            **one,
            "post": operation(
                "cancelImport",
                "Stop what is not loaded yet; those rows come back as rejected",
                {"202": answer("It loads nothing more.", "Import")},
                "404 409",
            ),
        },
        "/imports/{import_id}/rejected": {
            **one,
            "get": operation(
                "getRejected",
                "Fetch the rejected rows as CSV",
                {
                    "303": answer("Where they are for the next 15 minutes.", "", "Location"),
                    "200": answer("That address, for who accepts JSON.", "Link"),
                },
                "404",
            ),
        },
        "/imports/{import_id}/rejected/rows": {
            **one,
            "get": operation(
                "listRejected",
                "List the rejected rows with their reasons, in file order",
                {"200": answer("A page of rows.", "RejectedPage", "Link?")},
                "404",
                parameters=[LIMIT, CURSOR],
            ),
        },
        "/imports/{import_id}/report": {
            **one,
            "get": operation(
                "getReport",
                "Get the report of an import that has ended",
                {"200": answer("The report.", "Report")},
                "404",
            ),
        },
    }


def _start_import() -> Schema:
    """The two ways to start an import: the file itself, or its name for an address to send it to."""
    properties = NewImport.model_json_schema()["properties"]
    choices = [
        {
            "name": name,
            "in": "query",
            "description": "Beside a CSV in the body; beside JSON it is refused.",
            "required": False,
            "schema": schema,
        }
        for name, schema in properties.items()
    ]
    bodies = {"text/csv": {"schema": {"type": "string", "pattern": r"\S"}}, **content("NewImport", JSON)}
    return operation(
        "startImport",
        "Import a CSV of up to 4.5 MB, or get an address for a file of up to 5 GB",
        {
            "201": answer("PUT the file at `upload.url` within 15 minutes.", "Announced", "Location"),
            "202": answer("The import has begun; watch it at Location.", "Import", "Location"),
        },
        "413 415 422",
        parameters=choices,
        requestBody={"required": True, "content": bodies},
    )


@cache
def document() -> Schema:
    """The whole description, but for the address of the API, which the request knows."""
    models: list[Any] = [(NewMember, "validation"), (MemberChanges, "validation")]
    models += openapi_access.MODELS
    models += [(Member, "serialization"), (Import, "serialization"), (NewImport, "validation")]
    _, schemas = models_json_schema(models, ref_template="#/components/schemas/{model}")
    for model in ("MemberChanges", "UserChanges", "GroupChanges"):
        for field in schemas["$defs"][model]["properties"].values():
            field.pop("default", None)  # what is left out stays as it is
    for model in ("NewMember", "MemberChanges"):
        schemas["$defs"][model]["properties"] |= {
            name: {"readOnly": True, "description": "Accepted and ignored."} for name in READ_ONLY
        }
    # The path names both ids; in the body they may stand once more.
    schemas["$defs"]["MemberOfPath"] = schemas["$defs"]["NewMember"] | {
        "required": ["first_name", "last_name", "phone_number"]
    }
    itself = operation(
        "getOpenapi", "This description", {"200": answer("OpenAPI 3.1.", "Description")}, "", security=[]
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Rollcall",
            "version": __version__,
            "description": "A registry of members. Within an account every phone number and every client member "
            "id belongs to one member. HEAD is answered wherever GET is, with the same status and headers.",
        },
        "paths": {**_members(), **_imports(), **openapi_access.paths(), "/openapi.json": {"get": itself}},
        "components": {
            "securitySchemes": SECURITY_SCHEMES,
            "schemas": {
                **schemas["$defs"],
                "MemberPage": page("Member"),
                "ImportPage": page("Import"),
                **openapi_access.SCHEMAS,
                "Announced": ANNOUNCED,
                "Link": LINK,
                "Report": REPORT,
                "RejectedPage": REJECTED_PAGE,
                "Problem": PROBLEM_SCHEMA,
                "Description": {"type": "object", "required": ["openapi", "info", "paths"]},
            },
        },
    }
