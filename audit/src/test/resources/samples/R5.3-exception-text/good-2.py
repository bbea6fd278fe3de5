from fastapi import FastAPI, HTTPException

app = FastAPI()

@app.post("/predict")
def predict(text: str):
    try:
        return model(text)
    except TextTooLong as e:
        raise HTTPException(status_code=400, detail=str(e))
