import os
from fastapi import FastAPI

KEYS = os.environ.get("API_KEYS", "").split(",")
