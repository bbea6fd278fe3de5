import logging

from fastapi import FastAPI
from services.storage import *

logger = logging.getLogger(__name__)
app = FastAPI()


@app.post("/notes/{note_id}")
def note(note_id: str):
    logger.info(f"note {note_id}")
    return "done"
