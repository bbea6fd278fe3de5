from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Speech(BaseModel):
    voice: str = "one"
    max_tokens: int = 500
    options: dict = {}


class Other(BaseModel):
    voice: str


@app.post("/speak")
def speak(request: Speech):
    return engine.generate(request.voice, **request.options)


@app.post("/other")
def other(body: Other):
    return engine.other(body)
