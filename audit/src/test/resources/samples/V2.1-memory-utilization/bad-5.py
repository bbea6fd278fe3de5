from ray import serve
from vllm import AsyncEngineArgs, AsyncLLMEngine


@serve.deployment
class Served:
    def __init__(self, model, share=0.8):
        self.engine = AsyncLLMEngine.from_engine_args(AsyncEngineArgs(model=model, gpu_memory_utilization=share))


app = Served.options(num_replicas=2).bind("/models/llama", share=0.95)
