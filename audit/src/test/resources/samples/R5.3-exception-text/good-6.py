import yaml
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

app = FastAPI()


class Settings(BaseModel):
    content: str


@app.post("/settings")
def settings(request: Settings):
    try:
        parsed = yaml.safe_load(request.content)
    except Exception as exc:
        raise HTTPException(status_code=400, detail=f"Invalid YAML: {exc}")
    return parsed


@app.post("/admin/logo")
def logo(request: Settings):
    try:
        return open("logo.svg").read()
    except Exception as exc:
        raise HTTPException(status_code=500, detail=str(exc))
