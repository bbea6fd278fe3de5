from fastapi import FastAPI
from settings import Config

app = FastAPI()

@app.get("/debug")
def debug():
    return vars(Config())
