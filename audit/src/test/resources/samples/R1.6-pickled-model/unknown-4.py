import torch as t
from fastapi import FastAPI

weights = t.load("model.pt", map_location="cpu")
