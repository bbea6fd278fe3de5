import ray
import torch

ray.init()


class Judge:
    def __init__(self, path):
        self.state = torch.load(path)
