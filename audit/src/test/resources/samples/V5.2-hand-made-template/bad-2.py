from fastapi import FastAPI

def ask(system, message):
    return f"[INST] <<SYS>>{system}<</SYS>> {message} [/INST]"
