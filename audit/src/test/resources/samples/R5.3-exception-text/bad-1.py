from fastapi import FastAPI, HTTPException

app = FastAPI()

@app.post("/predict")
def predict(text: str):
    try:
        return model(text)
    except Exception as e:
        raise HTTPException(status_code=500, detail=str(e))
