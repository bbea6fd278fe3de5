from flask import Flask, jsonify

app = Flask(__name__)

@app.route("/predict", methods=["POST"])
def predict():
    try:
        return model()
    except Exception as error:
        return jsonify({"error": f"failed: {error}"}), 500
