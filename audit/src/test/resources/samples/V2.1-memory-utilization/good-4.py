from ray import serve
from vllm import AsyncEngineArgs, AsyncLLMEngine


@serve.deployment
class Served:
    def __init__(self, model, share=0.95):
        self.engine = AsyncLLMEngine.from_engine_args(AsyncEngineArgs(model=model, gpu_memory_utilization=share))


def build(settings):
    return Served.bind("/models/llama", share=0.8)
