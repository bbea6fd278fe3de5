from ray import serve

serve.start(proxy_location="EveryNode")
