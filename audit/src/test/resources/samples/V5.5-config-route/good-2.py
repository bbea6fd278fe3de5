import os
from fastapi import FastAPI

def environment():
    return dict(os.environ)
