from ray import serve
from ray.serve.config import AutoscalingConfig

@serve.deployment(autoscaling_config=AutoscalingConfig(min_replicas=1, max_replicas=4))
class Service:
    pass
