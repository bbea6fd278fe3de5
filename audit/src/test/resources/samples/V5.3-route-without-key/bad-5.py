from fastapi import FastAPI
from vllm import LLM

app = FastAPI()
llm = LLM("/models/llama")

@app.get("/ping")
def ping():
    return {}

@app.post("/generate")
def generate(prompt: str):
    return llm.generate(prompt)
