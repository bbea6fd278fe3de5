import logging

from admin import require_admin
from fastapi import Depends, FastAPI
from settings import Retention

app = FastAPI()
log = logging.getLogger(__name__)


@app.put("/retention")
def retention(body: Retention, who=Depends(require_admin)):
    log.info(f"retention is now {body}")
