from dataclasses import dataclass
from vllm import AsyncEngineArgs

@dataclass
class Config:
    model: str = "/models/llama"
    remote: bool = True

config = Config()
args = AsyncEngineArgs(model=config.model, trust_remote_code=config.remote)
