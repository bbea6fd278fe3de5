import uvicorn
from fastapi import FastAPI

app = FastAPI()


@app.get("/metrics")
def metrics():
    return ""


uvicorn.run(app, host="0.0.0.0", port=9400, access_log=False)
