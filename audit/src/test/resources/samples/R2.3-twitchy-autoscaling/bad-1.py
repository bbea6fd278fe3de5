from ray import serve

@serve.deployment(autoscaling_config={"max_replicas": 4, "upscale_delay_s": 1})
class Service:
    pass
