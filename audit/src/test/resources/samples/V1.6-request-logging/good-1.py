from vllm import AsyncEngineArgs

args = AsyncEngineArgs(model="/models/llama", disable_log_requests=True)
