from ray import serve

class Service:
    def ask(self, request):
        return f"<|start_header_id|>user<|end_header_id|>{request.prompt}<|eot_id|>"
