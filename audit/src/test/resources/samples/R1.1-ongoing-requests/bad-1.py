from ray import serve

@serve.deployment(max_ongoing_requests=1000, max_queued_requests=10)
class Service:
    pass
