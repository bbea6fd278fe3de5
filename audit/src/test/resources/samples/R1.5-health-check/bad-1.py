from ray import serve

@serve.deployment(health_check_period_s=120)
class Service:
    def check_health(self):
        self.engine.check()
