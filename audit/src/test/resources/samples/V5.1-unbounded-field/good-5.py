from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Ask(BaseModel):
    image: str
    temperature: float | None = None


@app.post("/ask")
def ask(request: Ask):
    return request.image
