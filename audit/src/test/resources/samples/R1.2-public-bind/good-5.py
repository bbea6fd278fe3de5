from ray import serve

serve.start(http_options={"host": "127.0.0.1"})
