import uvicorn

uvicorn.run("service:app", host="0.0.0.0", ssl_certfile="tls/server.pem", ssl_keyfile="tls/server.key")
