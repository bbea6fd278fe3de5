from ray import serve

@serve.deployment(max_ongoing_requests=10)
class Service:
    pass
