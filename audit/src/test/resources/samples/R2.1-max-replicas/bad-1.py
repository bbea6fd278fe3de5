from ray import serve

@serve.deployment(num_replicas="auto")
class Service:
    pass
