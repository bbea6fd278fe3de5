import logging

from fastapi import FastAPI, Request
from vllm import LLM

app = FastAPI()
logger = logging.getLogger("service")


@app.post("/ask")
async def ask(request: Request):
    logger.info(f"Request: {request}")
    return {}
