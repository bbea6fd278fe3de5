import secrets
from fastapi import FastAPI

def allowed(token, settings):
    return secrets.compare_digest(token, settings.auth_token)
