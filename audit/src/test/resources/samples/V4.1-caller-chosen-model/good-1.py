from fastapi import FastAPI
from vllm import LLM

app = FastAPI()
llm = LLM(model="/models/llama")

@app.post("/generate")
def generate(prompt: str):
    return llm.generate(prompt)
