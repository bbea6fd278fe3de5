from fastapi import FastAPI
from pydantic import BaseModel, Field

app = FastAPI()

class Request(BaseModel):
    prompt: str = Field(max_length=8192)
    max_tokens: int = Field(512, ge=1, le=2048)
    temperature: float = Field(default=0.7, ge=0, le=2)

@app.post("/generate")
def generate(request: Request):
    return request.prompt
