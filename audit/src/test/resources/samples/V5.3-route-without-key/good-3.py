from fastapi import FastAPI
from keys import KeyMiddleware
from vllm import LLM

app = FastAPI()
app.add_middleware(KeyMiddleware)

@app.post("/generate")
def generate(prompt: str):
    return llm.generate(prompt)
