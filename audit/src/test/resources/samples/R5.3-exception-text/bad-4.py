from fastapi import FastAPI, HTTPException

app = FastAPI()


def engine():
    try:
        return app.state.engine
    except Exception as failure:
        raise HTTPException(status_code=500, detail=str(failure))
