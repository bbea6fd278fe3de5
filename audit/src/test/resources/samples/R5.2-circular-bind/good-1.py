from ray import serve

@serve.deployment
class A:
    pass

@serve.deployment
class B:
    pass

app = A.bind(B.bind())
