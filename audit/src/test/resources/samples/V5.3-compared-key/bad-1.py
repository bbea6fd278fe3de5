import os
from fastapi import FastAPI, Header, HTTPException

API_KEY = os.environ["API_KEY"]

def check(x_api_key: str = Header()):
    if x_api_key != API_KEY:
        raise HTTPException(status_code=401)
