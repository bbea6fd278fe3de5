from ray import serve

SCALING = dict(max_replicas=4, downscale_delay_s=5)

@serve.deployment(autoscaling_config=SCALING)
class Service:
    pass
