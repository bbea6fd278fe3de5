from ray import serve

@serve.deployment(num_replicas=4)
class Service:
    pass
