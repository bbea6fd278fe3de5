from os import getenv
from ray import serve

class Service:
    def __init__(self):
        self.tokens = getenv("TOKENS", "").split(",")
