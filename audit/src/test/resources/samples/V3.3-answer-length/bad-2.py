from vllm import SamplingParams

params = SamplingParams(temperature=0.2, max_tokens=16384)
