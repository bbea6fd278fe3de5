from ray import serve

@serve.deployment
class A:
    pass

@serve.deployment
class B:
    pass

a = A.options(num_replicas=2).bind()
b = B.bind(a)
loop = A.bind(b)
