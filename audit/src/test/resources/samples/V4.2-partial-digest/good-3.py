import hashlib
import logging

from vllm import LLM

logger = logging.getLogger(__name__)


def who(key):
    shown = hashlib.sha256(key.encode()).hexdigest()
    logger.info("caller %s", shown)


llm = LLM("/models/a")
