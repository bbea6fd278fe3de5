from vllm import SamplingParams


class Service:
    def __init__(self, tokens: int = None):
        self.tokens = tokens

    def parameters(self):
        return SamplingParams(max_tokens=self.tokens if self.tokens is not None else 256)
