from vllm import SamplingParams

params = SamplingParams(max_tokens=None)
