from ray import serve

@serve.deployment(autoscaling_config={"max_replicas": 4, "upscale_delay_s": 30, "downscale_delay_s": 60})
class Service:
    pass
