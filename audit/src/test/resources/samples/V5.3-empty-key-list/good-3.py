import os
from fastapi import FastAPI

ORIGINS = os.environ.get("ORIGINS", "").split(",")
