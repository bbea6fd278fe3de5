from fastapi import FastAPI, HTTPException, UploadFile

app = FastAPI()
LIMIT = 25 * 1024 * 1024


async def audio(upload: UploadFile):
    raw = await upload.read(LIMIT + 1)
    if len(raw) > LIMIT:
        raise HTTPException(status_code=413)
    return raw
