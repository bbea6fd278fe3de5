from fastapi import FastAPI

app = FastAPI()

@app.post("/predict")
def predict(text: str):
    if not text:
        return {"error": "empty"}, 422
    return {}
