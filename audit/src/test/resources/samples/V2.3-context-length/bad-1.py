from vllm import LLM

llm = LLM(model="/models/llama", max_model_len=32768)
