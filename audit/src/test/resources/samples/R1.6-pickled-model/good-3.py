import json
from ray import serve

settings = json.load(open("settings.json"))
