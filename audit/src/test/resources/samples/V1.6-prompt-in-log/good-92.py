import logging
import uuid

from fastapi import FastAPI

logger = logging.getLogger(__name__)
app = FastAPI()


@app.post("/settings/{config_uuid}")
def settings(config_uuid: uuid.UUID):
    logger.error(f"no such settings {config_uuid}")
    return "done"
