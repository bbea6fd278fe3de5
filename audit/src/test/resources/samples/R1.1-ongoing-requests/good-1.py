from ray import serve

@serve.deployment(max_ongoing_requests=100, max_queued_requests=100)
class Service:
    pass
