from ray import serve
from ray.serve.config import HTTPOptions

serve.start(http_options=HTTPOptions(host="0.0.0.0", request_timeout_s=30))
