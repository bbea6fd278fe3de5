from fastapi import FastAPI
from fastapi.responses import JSONResponse

app = FastAPI()

@app.post("/predict")
def predict(text: str):
    return JSONResponse({"error": "empty"}, status_code=400)
