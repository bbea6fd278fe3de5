from vllm import EngineArgs


def arguments(rounds):
    share = 0.8
    all = []
    for _ in rounds:
        all.append(EngineArgs(model="/models/a", gpu_memory_utilization=share))
        share = 0.95
    return all
