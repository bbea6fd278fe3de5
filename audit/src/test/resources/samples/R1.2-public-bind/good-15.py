import subprocess

from cog import BasePredictor


class Predictor(BasePredictor):
    def setup(self):
        self.server = subprocess.Popen(["vllm", "serve", "/src/weights", "--host", "0.0.0.0"])
