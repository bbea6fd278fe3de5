from ray import serve

serve.start(http_options={"port": 8100})
handle = serve.run(app, name="embedder", route_prefix=None)
