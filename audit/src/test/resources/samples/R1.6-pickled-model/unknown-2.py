import torch
from fastapi import FastAPI

app = FastAPI()
weights = torch.load("model.pt")
