from auth import require_admin
from fastapi import Depends, FastAPI, HTTPException

app = FastAPI()


@app.post("/words")
def words(text: str, who=Depends(require_admin)):
    try:
        return len(text)
    except Exception as e:
        raise HTTPException(status_code=500, detail=str(e))
