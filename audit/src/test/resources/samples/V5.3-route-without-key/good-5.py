import uvicorn
from fastapi import FastAPI
from vllm import LLM

app = FastAPI()
llm = LLM("org/model")


@app.get("/ping")
def ping():
    return {}


@app.post("/invocations")
def invocations(prompt: str):
    return llm.generate(prompt)


uvicorn.run(app, host="0.0.0.0", port=8080)
