import os
from fastapi import FastAPI

app = FastAPI()

@app.get("/env")
def env():
    return dict(os.environ)
