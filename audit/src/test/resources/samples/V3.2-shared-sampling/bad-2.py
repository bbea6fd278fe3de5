from vllm import SamplingParams

class Service:
    def __init__(self):
        self.params = SamplingParams(temperature=0.7)

    async def __call__(self, request):
        self.params.temperature = request.temperature
        return await self.engine.generate(request.prompt, self.params)
