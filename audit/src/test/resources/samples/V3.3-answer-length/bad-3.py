from vllm import SamplingParams

def params(limit=None):
    return SamplingParams(max_tokens=limit)
