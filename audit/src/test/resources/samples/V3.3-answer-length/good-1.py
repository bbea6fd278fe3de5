from vllm import SamplingParams

params = SamplingParams(max_tokens=512)
