from vllm import LLM

llm = LLM(model="/models/llama", load_format="pt")
