from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()

class Answer(BaseModel):
    text: str

@app.post("/generate")
def generate() -> Answer:
    return Answer(text="hello")
