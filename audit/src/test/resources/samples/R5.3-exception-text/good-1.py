from fastapi import FastAPI, HTTPException

app = FastAPI()

@app.post("/predict")
def predict(text: str):
    try:
        return model(text)
    except Exception as e:
        logger.exception("predict")
        raise HTTPException(status_code=500, detail="internal error")
