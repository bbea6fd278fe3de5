from fastapi import FastAPI
from pydantic import BaseModel, field_validator

app = FastAPI()

class Request(BaseModel):
    prompt: str

    @field_validator("prompt")
    def bounded(cls, value):
        if len(value) > 8192:
            raise ValueError("too long")
        return value

@app.post("/generate")
def generate(request: Request):
    return request.prompt
