from fastapi import FastAPI

def allowed(token, settings):
    return token == settings.auth_token
