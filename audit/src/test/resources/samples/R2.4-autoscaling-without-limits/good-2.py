from ray import serve

@serve.deployment(num_replicas=2, max_ongoing_requests=100)
class Service:
    pass
