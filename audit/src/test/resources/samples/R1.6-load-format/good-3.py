from vllm import LLM

llm = LLM("/models/llama")
