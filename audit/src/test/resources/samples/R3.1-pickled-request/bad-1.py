import pickle
from ray import serve

@serve.deployment
class Service:
    async def __call__(self, request):
        return pickle.loads(await request.body())
