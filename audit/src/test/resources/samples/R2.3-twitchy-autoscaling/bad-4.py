from ray import serve


@serve.deployment(autoscaling_config={"min_replicas": 1, "max_replicas": 4, "target_ongoing_requests": 40})
class Served:
    pass
