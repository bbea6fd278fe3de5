from ray import serve

@serve.deployment
class Gateway:
    async def __call__(self, request):
        name = request.url.path.split("/")[1]
        return await serve.get_app_handle(name).remote(request)
