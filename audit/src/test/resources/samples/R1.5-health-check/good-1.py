from ray import serve

@serve.deployment(health_check_period_s=10, health_check_timeout_s=30)
class Service:
    def check_health(self):
        self.engine.check()
