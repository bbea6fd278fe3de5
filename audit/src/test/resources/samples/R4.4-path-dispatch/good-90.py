from fastapi import FastAPI, HTTPException

app = FastAPI()
MODELS = {"small": 1, "large": 2}


@app.post("/ask/{model_name}")
def ask(model_name: str, text: str):
    if model_name not in MODELS:
        raise HTTPException(400, "no such model")
    return getattr(MODELS, model_name)
