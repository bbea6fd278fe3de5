from ray import serve

@serve.deployment(autoscaling_config={"min_replicas": 1, "max_replicas": 10})
class Service:
    pass
