from vllm import AsyncEngineArgs

args = AsyncEngineArgs(model="/models/llama")
