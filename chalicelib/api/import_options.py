"""The options of a new import, in the query beside a CSV or in a JSON body. Only what starts one loads this."""

from collections.abc import Collection
from dataclasses import replace

from chalice.app import Request

from chalicelib.errors import FieldError, Invalid, UnsupportedMediaType
from chalicelib.fields.validation import validate
from chalicelib.imports.records.model import ImportRecord, UndoOptions
from chalicelib.imports.records.new_import import NewImport
from chalicelib.imports.text.encodings import UNKNOWN, encoding_name
from chalicelib.imports.text.file_names import UNSUPPORTED_FILE_TYPE, is_roster

from .admission import Admission
from .requests import body_fields, charset, invalid_parameters, query_parameters

PREVIEW_OPTIONS = ("filename", "mode", "account_id", "region", "encoding", "columns")


def options_in_query(request: Request, beside: Collection[str] = ()) -> NewImport:
    """Returns the options in the query, where the body is the file; `beside` are no options. Raises Malformed."""
    values = {name: value for name, value in query_parameters(request).items() if name not in beside}
    try:
        new = _options(values)
    except Invalid as error:
        raise invalid_parameters(*(_in_query(e) for e in error.errors)) from None
    declared = _declared_encoding(request)
    if new.encoding not in (None, declared or new.encoding):
        detail = "encoding: Differs from the charset of the Content-Type. Send one of them."
        raise invalid_parameters(FieldError("?encoding", "ambiguous_encoding", detail))
    return new.model_copy(update={"encoding": new.encoding or declared})


def options_in_body(request: Request) -> NewImport:
    """Returns the options in a JSON body. Raises Malformed if some are in the query, Invalid."""
    if query := query_parameters(request):
        detail = "Send this as a field of the JSON body."
        errors = (FieldError(f"?{name}", "unknown_parameter", f"{name}: {detail}") for name in query)
        raise invalid_parameters(*errors)
    return _options(body_fields(request))


def new_record(new: NewImport, admission: Admission) -> ImportRecord:
    """Returns a new import, limited to the caller's accounts. Raises Forbidden."""
    scope = admission.scope
    if new.account_id is not None:
        scope.require(new.account_id)
    accounts = None if scope.accounts is None else sorted(scope.accounts)
    return new.record(accounts, admission.by, admission.new_id())


def undo_options(request: Request) -> UndoOptions:
    """Returns the options of an undo. Raises Malformed."""
    try:
        return validate(UndoOptions, query_parameters(request))
    except Invalid as error:
        raise invalid_parameters(*(_in_query(e) for e in error.errors)) from None


def _options(values: object) -> NewImport:
    """Returns the options of an import. Raises Invalid, also for a file that no import can read."""
    new = validate(NewImport, values)
    if not is_roster(new.filename):
        raise Invalid(
            [FieldError("#/filename", "unsupported_file_type", f"filename: {UNSUPPORTED_FILE_TYPE}")]
        )
    return new


def _declared_encoding(request: Request) -> str | None:
    """Returns the charset of the Content-Type, None without one. Raises UnsupportedMediaType."""
    name = charset(request)
    try:
        return encoding_name(name) if name else None
    except LookupError:
        raise UnsupportedMediaType(f"charset: {UNKNOWN}", code="unknown_encoding") from None


def _in_query(error: FieldError) -> FieldError:
    """Returns an error of a field as that of a query parameter."""
    return replace(error, pointer=error.pointer.replace("#/", "?"))
