from fastapi import FastAPI

app = FastAPI()

@app.post("/generate")
def generate(request: dict):
    return dict(request)
