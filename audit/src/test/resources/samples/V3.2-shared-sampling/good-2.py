from vllm import SamplingParams

class Service:
    def __init__(self):
        self.params = SamplingParams(temperature=0.7)
        self.params.max_tokens = 64
