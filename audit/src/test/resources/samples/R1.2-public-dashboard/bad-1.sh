ray start --head --dashboard-host=0.0.0.0 --port=6379
