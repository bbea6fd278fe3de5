from vllm import AsyncEngineArgs
from elsewhere import talkative

arguments = AsyncEngineArgs(model="/models/a", enable_log_requests=talkative)
