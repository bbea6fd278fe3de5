from ray import serve

@serve.deployment
class Gateway:
    async def __call__(self, request):
        method = request.query_params["method"]
        return getattr(self, method)(request)
