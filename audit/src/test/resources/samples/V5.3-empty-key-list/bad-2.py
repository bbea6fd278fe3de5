import os
from fastapi import FastAPI

VALID = set(os.getenv("SERVICE_API_KEY", "").split(","))
