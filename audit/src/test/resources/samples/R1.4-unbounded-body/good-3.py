from fastapi import FastAPI, UploadFile

app = FastAPI()


@app.post("/classify")
async def classify(file: UploadFile):
    image = await file.read(1_000_000)
    return {"class": str(image)}
