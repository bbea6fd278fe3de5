import ray
import torch
from ray import train

def resume(folder):
    return torch.load(folder / "model.pt", map_location="cpu")
