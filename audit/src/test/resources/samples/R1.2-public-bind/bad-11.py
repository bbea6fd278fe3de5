import uvicorn
from fastapi import FastAPI

app = FastAPI()


class Config:
    def __init__(self):
        self.host = "0.0.0.0"


config = Config()
uvicorn.run(app, host=config.host, port=8000)
