from vllm import SamplingParams

params = SamplingParams(temperature=0)
