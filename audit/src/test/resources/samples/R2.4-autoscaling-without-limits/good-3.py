from ray import serve
from settings import options

@serve.deployment(autoscaling_config={"max_replicas": 4}, **options)
class Service:
    pass
