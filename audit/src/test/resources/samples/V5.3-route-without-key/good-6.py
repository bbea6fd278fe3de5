from fastapi import FastAPI
from vllm import LLM

app = FastAPI()
llm = LLM("/opt/ml/model")

@app.get("/ping")
def ping():
    return {}

@app.post("/invocations")
def invocations(prompt: str):
    return llm.generate(prompt)
