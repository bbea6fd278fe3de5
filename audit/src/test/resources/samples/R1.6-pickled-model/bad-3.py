import torch
from ray import serve

class Service:
    def __init__(self, path):
        self.weights = torch.load(path, weights_only=False)
