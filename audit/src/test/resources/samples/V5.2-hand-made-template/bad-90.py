from fastapi import FastAPI, Request
from vllm import LLM

app = FastAPI()


@app.post("/ask")
async def ask(request: Request):
    message = await request.json()
    content = message.get("content", "")
    return generate(f"<|im_start|>user\n{content}<|im_end|>\n")
