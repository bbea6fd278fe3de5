from vllm import SamplingParams

def params(limit: int):
    return SamplingParams(max_tokens=min(limit, 2048))
