from ray import serve
from transformers import AutoModel

@serve.deployment
class Service:
    def __init__(self, model):
        self.model = AutoModel.from_pretrained(model)
