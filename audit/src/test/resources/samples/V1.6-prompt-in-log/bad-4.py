import logging

from fastapi import FastAPI
from pydantic import BaseModel
from vllm import LLM

app = FastAPI()
logger = logging.getLogger("service")


class Ask(BaseModel):
    text: str


@app.post("/ask")
async def ask(request: Ask):
    logger.info(f"Request: {request}")
    return llm.generate(request.text)
