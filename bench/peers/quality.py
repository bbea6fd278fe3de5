"""Whether two engines say the same: without it a ratio of speeds means nothing."""

import load
from prompts import CONTINUED
from results import Case
from server import Server

TOKENS = 64
CHARACTERS = 40  # of a continuation that must be equal; int8 activations may turn a near tie later on
PERPLEXITY_RATIO_MAX = 1.01


def compare(case: Case, ours: str, servers: dict[str, Server]) -> None:
    """Adds, for each prompt and peer, the index of the first token and of the first character that differ; TOKENS, -1: none does."""
    targets = {name: server.target() for name, server in servers.items()}
    for prompt in CONTINUED:
        texts = {name: server.complete(targets[name], prompt, TOKENS) for name, server in servers.items()}
        if ours not in texts:
            return
        case.add(ours, {"text": texts[ours]})
        ids = {name: _tokens(servers[ours], targets[ours], text) for name, text in texts.items()}
        for name in texts.keys() - {ours}:
            characters = first_difference(texts[ours], texts[name])
            tokens = TOKENS if characters == -1 else max(0, first_difference(ids[ours], ids[name]))
            case.add(name, {"text": texts[name], "first_token": tokens, "first_character": characters})


def first_difference(a, b) -> int:
    """The index where two sequences part; -1 if they are equal."""
    for i, (x, y) in enumerate(zip(a, b)):
        if x != y:
            return i
    return -1 if len(a) == len(b) else min(len(a), len(b))


def agrees(case: Case, peer: str, perplexity: Case | None, ours: str) -> bool:
    """Most continuations begin alike, or the perplexities do not differ by more than the bound."""
    firsts = case.values("first_character", peer)
    alike = sum(first == -1 or first >= CHARACTERS for first in firsts)
    if 2 * alike > len(firsts):
        return True
    if perplexity is None:
        return False
    a, b = perplexity.median("perplexity", ours), perplexity.median("perplexity", peer)
    return bool(a and b and max(a, b) / min(a, b) <= PERPLEXITY_RATIO_MAX)


def _tokens(server: Server, target: load.Target, text: str) -> list[int]:
    """Both texts in the ids of one tokenizer."""
    return server.request("POST", "/tokenize", target.key, {"model": target.model, "prompt": text})["tokens"]
