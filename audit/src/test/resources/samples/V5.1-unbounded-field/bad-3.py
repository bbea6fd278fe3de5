from typing import Optional
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()

class Request(BaseModel):
    temperature: Optional[float] = 0.7

@app.post("/generate")
async def generate(request: Request):
    return request.temperature
