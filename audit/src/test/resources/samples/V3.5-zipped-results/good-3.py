from ray import serve

class Service:
    @serve.batch
    async def handle(self, inputs):
        kept = [index for index, one in enumerate(inputs) if one is not None]
        answers = [None] * len(inputs)
        for index, result in zip(kept, self.model.predict([inputs[index] for index in kept])):
            answers[index] = result
        return answers
