ray start --address="$HEAD:6379" --dashboard-host=0.0.0.0 --block
