from vllm import LLM

llm = LLM(model="/models/llama", enable_prefix_caching=False)
