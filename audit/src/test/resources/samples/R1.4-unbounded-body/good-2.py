from flask import Flask, request

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 1_000_000


@app.post("/ask")
def ask():
    asked = request.get_json()
    return {"text": asked["prompt"]}
