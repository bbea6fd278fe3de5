import os

from vllm import LLM

form = os.environ["FORM"]
llm = LLM("/models/a", load_format=form)
