from ray import serve
from ray.serve.schema import LoggingConfig

@serve.deployment(logging_config=LoggingConfig(encoding="JSON"))
class Service:
    pass
