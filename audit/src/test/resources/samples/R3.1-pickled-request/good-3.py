import torch
from fastapi import FastAPI

app = FastAPI()

@app.post("/predict")
def predict(values: list[float]):
    return torch.tensor(values).tolist()
