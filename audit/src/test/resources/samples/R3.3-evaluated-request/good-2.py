import ast
from fastapi import FastAPI

app = FastAPI()

@app.post("/compute")
def compute(expression: str):
    return ast.literal_eval(expression)
