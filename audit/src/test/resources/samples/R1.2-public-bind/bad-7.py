class Service:
    def command(self):
        return ["vllm", "serve", "/models/a", "--host", "0.0.0.0", "--port", "8000"]
