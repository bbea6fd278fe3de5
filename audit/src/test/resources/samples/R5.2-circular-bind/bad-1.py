from ray import serve

@serve.deployment
class A:
    pass

@serve.deployment
class B:
    pass

first = A.bind(None)
second = B.bind(first)
first = A.bind(second)
