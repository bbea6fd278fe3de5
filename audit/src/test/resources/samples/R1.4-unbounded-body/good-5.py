from fastapi import FastAPI

app = FastAPI()


@app.get("/pages/{name}")
def page(name: str):
    with open("/srv/pages/" + name) as file:
        return file.read()
