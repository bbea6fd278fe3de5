from ray import serve

@serve.deployment
class Gateway:
    async def __call__(self, request):
        return getattr(self, "answer")(request)
