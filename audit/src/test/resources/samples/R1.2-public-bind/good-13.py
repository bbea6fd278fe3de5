import modal
import uvicorn

app = modal.App("speech")


@app.cls(gpu="L4")
class Speech:
    @modal.enter()
    def start(self):
        uvicorn.run(self.web, host="0.0.0.0", port=8000)
