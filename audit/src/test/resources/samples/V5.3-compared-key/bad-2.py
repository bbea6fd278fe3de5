from fastapi import FastAPI, HTTPException

def check(request, settings):
    if request.headers.get("Authorization") != f"Bearer {settings.api_key}":
        raise HTTPException(status_code=401)
