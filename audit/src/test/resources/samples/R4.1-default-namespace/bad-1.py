from ray import serve
from service import app

serve.run(app)
