from ray import serve

@serve.deployment
class A:
    pass

@serve.deployment
class B:
    pass

leaf = B.bind()
first = A.bind(leaf)
second = A.bind(leaf)
