from ray import serve


@serve.deployment
class Model:
    def __call__(self, text):
        return text


serve.run(Model.bind(), blocking=False)
print(len("measured"))
serve.shutdown()
