from ray import serve

@serve.deployment(autoscaling_config={"max_replicas": 4})
class Service:
    pass
