from vllm import LLM
from settings import engine

llm = LLM(model="/models/llama", **engine)
