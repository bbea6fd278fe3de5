import os
import uvicorn

HOST = os.environ.get("HOST", "0.0.0.0")
uvicorn.run("service:app", host=HOST, port=8000)
