import os

from ray import serve

patience = float(os.environ["PATIENCE"])
serve.start(http_options={"host": "127.0.0.1", "request_timeout_s": patience})
