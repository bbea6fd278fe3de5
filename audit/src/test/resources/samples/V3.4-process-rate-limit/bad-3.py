import time

from flask import Flask, abort, request

app = Flask(__name__)
last = {}


def check_rate_limit(address):
    at = time.time()
    if at - last.get(address, 0) < 1:
        abort(429)
    last[address] = at


@app.post("/ask")
def ask():
    check_rate_limit(request.remote_addr)
    return {"text": "a"}
