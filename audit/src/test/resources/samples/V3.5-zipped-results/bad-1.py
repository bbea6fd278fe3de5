from ray import serve

@serve.deployment
class Service:
    @serve.batch(max_batch_size=8)
    async def handle(self, requests):
        valid = [request for request in requests if request.prompt]
        outputs = self.llm.generate(valid)
        return [output.text for output in outputs]
