import argparse
import uvicorn

parser = argparse.ArgumentParser()
parser.add_argument("--host", type=str, default="0.0.0.0")
args = parser.parse_args()
uvicorn.run("service:app", host=args.host)
