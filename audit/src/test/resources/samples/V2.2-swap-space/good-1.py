from vllm import LLM

llm = LLM(model="/models/llama", swap_space=0)
