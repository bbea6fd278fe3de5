from ray import serve


@serve.deployment
class Detector:
    async def __call__(self, request):
        try:
            return {"plates": []}
        except Exception as e:
            return {"error": str(e)}


@serve.deployment
class Pipeline:
    def __init__(self, detector):
        self.detector = detector

    async def __call__(self, request):
        return await self.detector.remote(request)


detector = Detector.bind()
application = Pipeline.bind(detector)
