from ray import serve


@serve.deployment
class Model:
    def __call__(self, text):
        return text


async def test_deployment():
    handle = serve.run(Model.bind())
    return await handle.remote("a")
