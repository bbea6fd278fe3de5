from fastapi import FastAPI
from pydantic import BaseModel, Field

app = FastAPI()

class Request(BaseModel):
    prompt: str = Field(max_length=8192)
    max_tokens: int = Field(512, ge=1)

@app.post("/generate")
async def generate(request: Request):
    return request.prompt, request.max_tokens
