from ray import serve
from vllm import SamplingParams

@serve.deployment
class Model:
    async def __call__(self, body: dict):
        prompt = body.pop("prompt")
        params = SamplingParams(max_tokens=512, **body)
        return await self.engine.answer(prompt, params)
