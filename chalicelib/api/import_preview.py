"""Reads the first rows of a file in a request. Only previews load this."""

from chalice.app import Request

from chalicelib.errors import FieldError
from chalicelib.fields.phone import PhoneRule
from chalicelib.imports.records.model import Source
from chalicelib.imports.records.preview import Preview
from chalicelib.imports.splitting.preview import preview
from chalicelib.imports.splitting.sent_file import needs_whole_file
from chalicelib.services import services

from .admission import Admission
from .import_options import new_record, options_in_query
from .requests import flag, invalid_parameters


def preview_of(request: Request, admission: Admission, body: bytes) -> Preview:
    """Returns how an import with the options in the query would read the body. Raises Malformed, Forbidden."""
    new, partial = options_in_query(request, beside=("partial",)), flag(request, "partial")
    if partial and needs_whole_file(new.filename):
        detail = "partial: A workbook or zip archive can be read as a whole only. Send all of it."
        raise invalid_parameters(FieldError("?partial", "whole_file_needed", detail))
    rule = services().phone_rule
    record = new_record(new, admission).model_copy(update={"source": Source(bucket="", key=new.filename)})
    return preview(body, record, PhoneRule(new.region or rule.region, rule.check), partial=partial)
