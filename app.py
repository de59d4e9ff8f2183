"""The Chalice app, assembled from its blueprints. No logic lives here."""

from chalice.app import Chalice

from chalicelib.api.access import access_api
from chalicelib.api.authorizer import gate
from chalicelib.api.console import admin
from chalicelib.api.imports import imports_api
from chalicelib.api.members import api
from chalicelib.api.routing import add_405_routes
from chalicelib.workers import workers

app = Chalice(app_name="rollcall")
app.api.binary_types.append("text/csv")  # a roster's bytes arrive as they were sent, whatever their encoding
app.register_blueprint(gate)
app.register_blueprint(api)
app.register_blueprint(imports_api)
app.register_blueprint(access_api)
app.register_blueprint(admin)
app.register_blueprint(workers)
add_405_routes(app)
