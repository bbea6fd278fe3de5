import traceback
from ray import serve

@serve.deployment
class Service:
    async def __call__(self, request):
        try:
            return await self.answer(request)
        except Exception:
            return {"error": traceback.format_exc()}
