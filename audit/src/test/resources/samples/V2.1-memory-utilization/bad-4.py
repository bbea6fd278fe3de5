from vllm import LLM

class Settings:
    share = 0.92

class Service:
    def __init__(self):
        self.share = Settings.share
        self.llm = LLM(model="/models/llama", gpu_memory_utilization=self.share)
