from fastapi import FastAPI

def helper():
    return {"error": "empty"}, 400
