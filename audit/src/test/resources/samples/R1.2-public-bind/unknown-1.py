import os

import uvicorn
from fastapi import FastAPI

app = FastAPI()
bind = os.environ["BIND"]
uvicorn.run(app, host=bind, port=8000)
