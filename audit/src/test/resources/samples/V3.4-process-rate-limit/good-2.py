import time

from fastapi import FastAPI

app = FastAPI()
started = {}


@app.post("/jobs/{job}")
def start(job: str):
    started[job] = time.time()
    if len(started) > 100:
        started.clear()
    return {"job": job}
