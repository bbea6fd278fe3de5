from fastapi import FastAPI

app = FastAPI()

@app.post("/compute")
def compute(expression: str):
    return eval(expression)
