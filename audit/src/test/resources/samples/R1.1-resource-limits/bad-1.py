from ray import serve

@serve.deployment
class Service:
    def __call__(self, request):
        return "ok"
