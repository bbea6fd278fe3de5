import logging
from fastapi import FastAPI

logger = logging.getLogger(__name__)
app = FastAPI()

@app.post("/generate")
def generate(prompt: str):
    logger.info("generate")
