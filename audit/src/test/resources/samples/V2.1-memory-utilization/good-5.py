from vllm import LLM


def share(value):
    return value


llm = LLM(model="/models/llama", gpu_memory_utilization=share(0.8))
