import torch
from fastapi import FastAPI

weights = torch.load("model.pt", weights_only=True)
