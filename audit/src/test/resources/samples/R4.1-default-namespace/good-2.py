from ray import serve
from service import app, name

serve.run(app, name=name)
