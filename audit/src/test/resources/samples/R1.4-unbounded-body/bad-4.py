from flask import Flask, request

app = Flask(__name__)


@app.post("/ask")
def ask():
    asked = request.get_json()
    return {"text": asked["prompt"]}
