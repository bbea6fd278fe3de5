from ray import serve

class Service:
    @serve.batch
    async def handle(self, inputs):
        kept = [one for one in inputs if one is not None]
        results = await self.model.predict(kept)
        return results
