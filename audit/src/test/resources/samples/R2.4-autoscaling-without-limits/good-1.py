from ray import serve

@serve.deployment(
    autoscaling_config={"max_replicas": 4},
    ray_actor_options={"num_cpus": 1, "memory": 1e9},
    max_ongoing_requests=20,
)
class Service:
    pass
