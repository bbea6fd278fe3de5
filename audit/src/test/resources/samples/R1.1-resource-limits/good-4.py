from ray import serve


@serve.deployment
class PlaceholderPolicy:
    """Random actions, to try what is around it."""

    def __call__(self, request):
        return [0.0]
