from ray import serve

@serve.deployment
class Service:
    async def __call__(self, request):
        if not request.headers.get("x"):
            return {"error": "no header"}, 400
