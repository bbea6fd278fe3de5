from fastapi import FastAPI, UploadFile

LIMIT = 5 * 1024 * 1024
app = FastAPI()

@app.post("/image")
async def image(file: UploadFile):
    data = await file.read()
    if len(data) > LIMIT:
        return {"error": "too large"}
