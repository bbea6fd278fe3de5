from vllm import SamplingParams

class Service:
    def __init__(self):
        self.params = SamplingParams()
        self.params.max_tokens = 64

    def answer(self, request):
        self.params.seed = request.seed
