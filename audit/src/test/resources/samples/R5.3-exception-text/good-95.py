from fastapi import FastAPI, HTTPException

app = FastAPI()


class Jobs:
    def end(self):
        if self.active:
            raise RuntimeError("the mode cannot be changed while a job is active")


jobs = Jobs()


@app.post("/end")
def end():
    try:
        return jobs.end()
    except RuntimeError as e:
        raise HTTPException(status_code=409, detail=str(e))
