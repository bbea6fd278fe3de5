from ray import serve

@serve.deployment(num_replicas="auto", max_ongoing_requests=10)
def service(request):
    return "ok"
