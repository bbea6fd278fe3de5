import os

from vllm import LLM

llm = LLM(model="/models/llama", gpu_memory_utilization=float(os.environ.get("SHARE", "0.8")))
