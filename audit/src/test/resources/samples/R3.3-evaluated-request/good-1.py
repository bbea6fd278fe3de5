from fastapi import FastAPI

app = FastAPI()

@app.post("/compute")
def compute(value: float):
    return eval("1 + 1")
