import os
from vllm import LLM

llm = LLM(model=os.environ["MODEL"])
