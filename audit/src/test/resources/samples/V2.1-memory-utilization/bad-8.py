from vllm import EngineArgs


def arguments(config):
    value = 0.8
    if config.large:
        value = 0.95
    return EngineArgs(model="/models/a", gpu_memory_utilization=value)
