from ray import serve
from settings import options

@serve.deployment(**options)
class Service:
    def __call__(self, request):
        return "ok"
