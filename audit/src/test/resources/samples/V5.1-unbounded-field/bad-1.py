from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()

class Request(BaseModel):
    prompt: str
    user: str

@app.post("/generate")
def generate(request: Request):
    return request.prompt
