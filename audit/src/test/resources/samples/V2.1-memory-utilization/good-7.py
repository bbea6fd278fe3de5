from vllm import EngineArgs


def arguments(config):
    value = 0.95
    config.share_of_host = value
    value = 0.8
    return EngineArgs(model="/models/a", gpu_memory_utilization=value)
