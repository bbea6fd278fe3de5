from vllm import LLM

llm = LLM(model="/models/llama", trust_remote_code=True)
