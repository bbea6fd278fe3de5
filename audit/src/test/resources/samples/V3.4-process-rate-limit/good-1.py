import time

import redis
from fastapi import FastAPI, HTTPException, Request

app = FastAPI()
store = redis.Redis()


@app.post("/generate")
async def generate(request: Request):
    key = request.headers["authorization"]
    window = int(time.time() // 60)
    if store.incr(f"{key}:{window}") > 60:
        raise HTTPException(status_code=429)
    return {"text": "a"}
