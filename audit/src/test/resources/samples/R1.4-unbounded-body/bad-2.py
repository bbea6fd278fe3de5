from ray import serve
from starlette.requests import Request


@serve.deployment
class Model:
    async def __call__(self, request: Request):
        image = await request.body()
        return self.model(image)
