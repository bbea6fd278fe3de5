from ray import serve

@serve.deployment
class Gateway:
    def __init__(self):
        self.shop = serve.get_app_handle("shop")

    async def __call__(self, request):
        return await self.shop.remote(request)
