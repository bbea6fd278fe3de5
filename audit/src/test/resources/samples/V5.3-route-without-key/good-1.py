from fastapi import Depends, FastAPI
from vllm import LLM
from keys import check_key

app = FastAPI(dependencies=[Depends(check_key)])

@app.post("/generate")
def generate(prompt: str):
    return llm.generate(prompt)
