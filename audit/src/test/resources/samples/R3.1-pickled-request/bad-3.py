import base64
import pickle
from fastapi import FastAPI

app = FastAPI()

@app.post("/predict")
def predict(payload: str):
    return pickle.loads(base64.b64decode(payload))
