import subprocess

from flask import Flask, jsonify

app = Flask(__name__)


@app.route("/scale", methods=["POST"])
def scale():
    try:
        subprocess.run(["kubectl", "scale", "deployment/engine", "--replicas=2"], check=True)
        return jsonify({"success": True})
    except Exception as e:
        return jsonify({"success": False, "error": str(e)})
