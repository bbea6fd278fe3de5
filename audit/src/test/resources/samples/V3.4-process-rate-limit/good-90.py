import time
from fastapi import FastAPI, HTTPException

app = FastAPI()
waiting = {}


@app.post("/ask/{model}")
def ask(model: str):
    started = time.monotonic()
    if waiting.get(model, 0) >= 10:
        raise HTTPException(429)
    waiting[model] = waiting.get(model, 0) + 1
    try:
        return time.monotonic() - started
    finally:
        waiting[model] = max(0, waiting[model] - 1)
