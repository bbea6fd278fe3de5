from admin import AdminUser
from fastapi import FastAPI, HTTPException, UploadFile

app = FastAPI()


@app.post("/logo")
async def logo(file: UploadFile, admin: AdminUser):
    data = await file.read()
    if len(data) > 2_000_000:
        raise HTTPException(status_code=413)
