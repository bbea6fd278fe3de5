from ray import serve
from transformers import AutoModel

@serve.deployment
class Service:
    async def __call__(self, request):
        body = await request.json()
        return AutoModel.from_pretrained(body["model"])
