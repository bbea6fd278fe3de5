import logging

from fastapi import FastAPI
from models import CollectionCreate

app = FastAPI()
log = logging.getLogger(__name__)


@app.post("/collections")
def add(collection: CollectionCreate):
    log.info(f"adding collection {collection}")
