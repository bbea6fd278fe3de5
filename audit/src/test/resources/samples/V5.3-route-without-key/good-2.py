from fastapi import FastAPI
from vllm import LLM

app = FastAPI()

@app.get("/livez")
def livez():
    return {}
