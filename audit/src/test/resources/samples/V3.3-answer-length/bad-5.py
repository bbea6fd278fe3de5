from vllm import SamplingParams


class Service:
    def __init__(self):
        self.tokens = None

    def parameters(self):
        return SamplingParams(max_tokens=self.tokens)
