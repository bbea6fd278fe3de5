from vllm import LLM

llm = LLM(model="meta-llama/Llama-3.1-8B", revision="0123456789abcdef0123456789abcdef01234567")
