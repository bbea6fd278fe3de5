from vllm import LLM
from elsewhere import caching

llm = LLM("/models/a", enable_prefix_caching=caching)
