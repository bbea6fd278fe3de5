import os
from fastapi import FastAPI

KEYS = [key for key in os.environ.get("API_KEYS", "").split(",") if key]
