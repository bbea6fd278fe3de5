from ray import serve

limits = {"max_ongoing_requests": 20, "max_queued_requests": 40}

@serve.deployment(**limits)
class Service:
    pass
