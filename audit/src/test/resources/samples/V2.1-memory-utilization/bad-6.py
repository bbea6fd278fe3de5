from vllm import LLM

SMALL = 0.8


def share(small=False):
    if small:
        return SMALL
    return 0.95


llm = LLM(model="/models/llama", gpu_memory_utilization=share())
