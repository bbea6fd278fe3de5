from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

app = FastAPI()


class Ask(BaseModel):
    question: str


def count(text):
    return len(text.split())


@app.post("/ask")
def ask(request: Ask):
    text = request.question.strip()
    words = count(text)
    if words > 500:
        raise HTTPException(status_code=400, detail="question_too_long")
    return text
