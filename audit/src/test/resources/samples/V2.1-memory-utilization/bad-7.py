from dataclasses import dataclass

from vllm import LLM


@dataclass
class Settings:
    model: str = "/models/llama"
    share: float = 0.95


def load(settings: Settings):
    return LLM(model=settings.model, gpu_memory_utilization=settings.share)
