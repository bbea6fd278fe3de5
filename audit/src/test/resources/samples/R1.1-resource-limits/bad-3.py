from ray import serve

@serve.deployment(num_replicas=2)
class Service:
    def __call__(self, request):
        return "ok"

app = Service.options(max_ongoing_requests=10).bind()
