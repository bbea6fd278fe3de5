import ray

ADDRESS = "0.0.0.0"
options = {"dashboard_host": ADDRESS, "num_cpus": 4}
ray.init(**options)
