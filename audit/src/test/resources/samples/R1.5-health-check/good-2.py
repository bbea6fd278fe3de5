from ray import serve

@serve.deployment
def service(request):
    return "ok"
