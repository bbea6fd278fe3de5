from vllm import LLM

llm = LLM(model="/models/llama", gpu_memory_utilization=0.85)
