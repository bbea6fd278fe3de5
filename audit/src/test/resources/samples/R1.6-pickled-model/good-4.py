import pickle

with open("cache.pkl", "rb") as file:
    rows = pickle.load(file)
