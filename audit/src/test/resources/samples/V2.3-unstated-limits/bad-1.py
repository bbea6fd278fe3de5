from vllm import LLM

llm = LLM(model="/models/llama")
