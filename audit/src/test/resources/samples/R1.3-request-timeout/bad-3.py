from ray import serve
from ray.serve.config import HTTPOptions

options = HTTPOptions(host="127.0.0.1")
serve.start(http_options=options)
