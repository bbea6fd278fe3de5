"""Texts that are sent to all engines alike."""

import random

# Common English words: one token each in nearly any vocabulary, so N words are about N tokens. `usage` has the exact number.
WORDS = """
time year people way day man thing woman life child world school state family student group country problem hand part place case
week company system program question work government number night point home water room mother area money story fact month lot
right study book eye job word business issue side kind head house service friend father power hour game line end member law car
city community name president team minute idea body information back parent face others level office door health person art war
history party result change morning reason research girl guy moment air teacher force education foot boy age policy process music
market sense nation plan college interest death experience effect use class control care field development role effort rate heart
drug show leader light voice wife police mind price report decision son view relationship town road arm difference value building
action season society tax director position player record paper space ground form event official matter center couple site project
""".split()

# Continued greedily to compare the outputs of two engines: prose, facts, lists, code, a dialogue, numbers, other languages.
CONTINUED = [
    "The capital of France is",
    "Once upon a time, in a small village by the sea, there lived",
    "Water boils at a temperature of",
    "The three primary colors are",
    "def fibonacci(n):\n    ",
    "Q: What is the largest planet in the solar system?\nA:",
    "The recipe for a simple pancake needs the following ingredients:\n1.",
    "In 1969, the first human to walk on the Moon was",
    "1, 2, 4, 8, 16, 32,",
    "La Tour Eiffel est située à",
    "The main difference between a list and a tuple in Python is",
    "Photosynthesis is the process by which",
]


def words(seed: str, count: int) -> str:
    generator = random.Random(seed)
    return " ".join(generator.choice(WORDS) for _ in range(count))
