from vllm import LLM
from elsewhere import remote

llm = LLM("/models/a", trust_remote_code=remote)
