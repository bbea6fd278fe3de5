from admin import require_admin
from fastapi import Depends, FastAPI
from pydantic import BaseModel

app = FastAPI()


class Limits(BaseModel):
    max_tokens: int


@app.put("/limits")
def limits(body: Limits, who=Depends(require_admin)):
    return body.max_tokens
