import uvicorn
from fastapi import FastAPI
from vllm import LLM

app = FastAPI()
llm = LLM(model="/models/llama")


@app.post("/generate")
def generate(prompt: str):
    return llm.generate(prompt)


uvicorn.run(app, host="127.0.0.1", port=8000)
