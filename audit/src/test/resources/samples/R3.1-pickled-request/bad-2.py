import io
import torch
from fastapi import FastAPI, UploadFile

app = FastAPI()

@app.post("/predict")
async def predict(file: UploadFile):
    data = await file.read()
    return torch.load(io.BytesIO(data))
