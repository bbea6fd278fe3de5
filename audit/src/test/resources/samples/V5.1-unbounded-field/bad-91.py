from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Speech(BaseModel):
    voice: str = "one"
    max_tokens: int = 500


def plain(model):
    return model.model_dump()


@app.post("/speak")
def speak(request: Speech):
    return engine.generate(plain(request))
