import modal
import uvicorn
from fastapi import FastAPI

app = FastAPI()
answer = modal.Function.from_name("chat", "answer")


@app.post("/ask")
def ask(question: str):
    return answer.remote(question)


def main():
    uvicorn.run(app, host="0.0.0.0", port=8000)
