from ray import serve

@serve.deployment(logging_config={"enable_access_log": False})
class Service:
    pass
