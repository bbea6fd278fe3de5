from fastapi import FastAPI

app = FastAPI()


def describe():
    try:
        return app.state.engine.name
    except Exception as failure:
        return str(failure)
