from ray import serve

class Service:
    @serve.batch
    async def handle(self, inputs):
        results = await self.model.predict(inputs)
        return results
