from vllm import LLM
from elsewhere import measured


def share():
    return measured()


llm = LLM(model="/models/llama", gpu_memory_utilization=share())
