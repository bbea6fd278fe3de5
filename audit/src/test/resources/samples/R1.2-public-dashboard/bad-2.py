import ray

ray.init(dashboard_host="0.0.0.0", include_dashboard=True)
