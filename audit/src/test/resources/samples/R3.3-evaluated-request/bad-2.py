from ray import serve

@serve.deployment
class Service:
    async def __call__(self, request):
        body = await request.json()
        code = body["code"]
        exec(code)
