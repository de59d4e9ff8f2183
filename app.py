"""The Chalice app, assembled from its blueprints. No logic lives here."""

from chalice.app import Chalice

from chalicelib.access_api import access_api
from chalicelib.admin import admin
from chalicelib.api import api
from chalicelib.gate import gate
from chalicelib.http import close_methods
from chalicelib.imports_api import imports_api
from chalicelib.workers import workers

app = Chalice(app_name="rollcall")
app.api.binary_types.append("text/csv")  # a roster's bytes arrive as they were sent, whatever their encoding
app.register_blueprint(gate)
app.register_blueprint(api)
app.register_blueprint(imports_api)
app.register_blueprint(access_api)
app.register_blueprint(admin)
app.register_blueprint(workers)
close_methods(app)
