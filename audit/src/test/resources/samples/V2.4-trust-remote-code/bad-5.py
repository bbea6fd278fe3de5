from functools import partial
from vllm import LLM

make = partial(LLM, trust_remote_code=True)
llm = make(model="/models/llama")
