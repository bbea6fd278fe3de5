from fastapi import FastAPI, Request
from slowapi import Limiter
from slowapi.util import get_remote_address

limiter = Limiter(key_func=get_remote_address, storage_uri="redis://store:6379")
app = FastAPI()


@app.post("/generate")
@limiter.limit("60/minute")
async def generate(request: Request):
    return {"text": "a"}
