from fastapi import FastAPI, Request

app = FastAPI()

@app.post("/predict")
async def predict(request: Request):
    body = await request.body()
    if len(body) == 0:
        return {}
