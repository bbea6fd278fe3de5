from dataclasses import dataclass

from vllm import LLM


@dataclass
class Settings:
    share: float = 0.95


settings = Settings(share=0.8)
llm = LLM(model="/models/llama", gpu_memory_utilization=settings.share)
