from fastapi import FastAPI, HTTPException, Request

app = FastAPI()

@app.post("/predict")
async def predict(request: Request):
    body = await request.body()
    if len(body) > 10_000_000:
        raise HTTPException(status_code=413)
