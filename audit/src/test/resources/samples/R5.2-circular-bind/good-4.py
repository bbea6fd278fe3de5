from ray import serve
from ray.serve.dag import InputNode


@serve.deployment
class Translator:
    def answer(self, text):
        return text


@serve.deployment
class Chat:
    def answer(self, text):
        return text


translator = Translator.bind()
chat = Chat.bind()
with InputNode() as text:
    english = translator.answer.bind(text)
    reply = chat.answer.bind(english)
    output = translator.answer.bind(reply)
