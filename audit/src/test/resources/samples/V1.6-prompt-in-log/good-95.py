import logging

from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
log = logging.getLogger(__name__)


class Retry(BaseModel):
    attempts: int
    enabled: bool


@app.put("/retry")
def retry(settings: Retry):
    log.info(f"retry is now {settings}")
