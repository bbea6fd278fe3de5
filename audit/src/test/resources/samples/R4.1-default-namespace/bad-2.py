from ray import serve
from service import app

NAME = "default"
serve.run(app, name=NAME, route_prefix="/")
