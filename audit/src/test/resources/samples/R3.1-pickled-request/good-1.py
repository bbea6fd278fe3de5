import json
from ray import serve

@serve.deployment
class Service:
    async def __call__(self, request):
        return json.loads(await request.body())
