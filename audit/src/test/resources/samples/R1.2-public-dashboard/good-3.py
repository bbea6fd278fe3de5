import ray

ray.init(address="auto")
