import time
from collections import defaultdict

from fastapi import FastAPI, HTTPException, Request

app = FastAPI()
seen = defaultdict(list)


@app.post("/generate")
async def generate(request: Request):
    key = request.headers["authorization"]
    now = time.time()
    seen[key] = [at for at in seen[key] if now - at < 60]
    if len(seen[key]) >= 60:
        raise HTTPException(status_code=429)
    seen[key].append(now)
    return {"text": "a"}
