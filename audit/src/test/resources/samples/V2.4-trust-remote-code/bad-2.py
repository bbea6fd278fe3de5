from vllm import LLM

REMOTE = True
common = {"dtype": "float16", "trust_remote_code": REMOTE}
llm = LLM(model="/models/llama", **common)
