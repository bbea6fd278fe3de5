from fastapi import FastAPI
from vllm import LLM

app = FastAPI()

@app.post("/generate")
def generate(model: str, prompt: str):
    return LLM(model=model).generate(prompt)
