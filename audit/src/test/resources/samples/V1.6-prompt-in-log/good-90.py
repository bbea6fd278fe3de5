import logging

from fastapi import FastAPI, Request

logger = logging.getLogger(__name__)
app = FastAPI()


@app.post("/transcribe")
async def transcribe(request: Request):
    data = await request.json()
    query = data.get("filename")
    logger.info(f"Received {query}")
    return "done"
