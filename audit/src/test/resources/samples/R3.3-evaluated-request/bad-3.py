from flask import Flask, request
from jinja2 import Template

app = Flask(__name__)

@app.route("/render", methods=["POST"])
def render():
    template = request.json["template"]
    return Template(template).render()
