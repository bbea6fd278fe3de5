import logging
from fastapi import FastAPI

log = logging.getLogger("service")
app = FastAPI()

@app.post("/chat")
async def chat(request: dict):
    log.debug("messages: %s", request["messages"])
