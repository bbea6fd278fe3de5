from ray import serve

@serve.deployment
class A:
    pass

app = A.bind()
app = A.bind(app)
