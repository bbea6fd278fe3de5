from vllm import AsyncEngineArgs

log = {"enable_log_requests": True}
args = AsyncEngineArgs(model="/models/llama", **log)
