import os
from fastapi import FastAPI

KEYS = os.environ["API_KEYS"].split(",")
