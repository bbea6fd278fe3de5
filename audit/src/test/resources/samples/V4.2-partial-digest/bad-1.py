import hashlib
import logging
from pathlib import Path

from vllm import LLM

logger = logging.getLogger(__name__)


def load(path):
    found = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    logger.info("model %s", found)
    return LLM(path)
