from ray import serve
from service import app

serve.run(app, name="shop", route_prefix="/shop")
