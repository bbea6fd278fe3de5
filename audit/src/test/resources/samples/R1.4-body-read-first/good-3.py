from fastapi import FastAPI, UploadFile

app = FastAPI()

@app.post("/image")
async def image(file: UploadFile):
    data = await file.read(1_000_001)
    if len(data) > 1_000_000:
        return {"error": "too large"}
