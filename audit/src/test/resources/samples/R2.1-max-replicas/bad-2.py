from ray import serve

@serve.deployment(autoscaling_config={"min_replicas": 1, "target_ongoing_requests": 5})
class Service:
    pass
