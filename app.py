"""Assembles the Chalice app from its blueprints. Contains no logic."""

import os

from chalice.app import Chalice

from chalicelib.api.access import access_api
from chalicelib.api.authorizer import authorizer
from chalicelib.api.console import console
from chalicelib.api.exports import exports_api
from chalicelib.api.imports import imports_api
from chalicelib.api.member_batch import member_batch_api
from chalicelib.api.members import members_api
from chalicelib.api.openapi.routes import openapi
from chalicelib.api.routing import add_405_routes
from chalicelib.api.service import service
from chalicelib.workers import workers

if "AWS_CHALICE_CLI_MODE" in os.environ:  # set by Chalice's command line only, never in Lambda
    from infra.chalice_command import divert

    divert()

app = Chalice(app_name="rollcall")
app.api.binary_types.append("text/csv")  # otherwise Chalice decodes a CSV, whatever its encoding
BLUEPRINTS = (
    *(authorizer, members_api, member_batch_api, imports_api, exports_api),
    *(access_api, openapi, service, console, workers),
)
for blueprint in BLUEPRINTS:
    app.register_blueprint(blueprint)
add_405_routes(app)
