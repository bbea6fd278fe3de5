from ray import serve

@serve.deployment
class Service:
    async def __call__(self, request):
        if len(await request.body()) >= 1000000:
            return "too large"
