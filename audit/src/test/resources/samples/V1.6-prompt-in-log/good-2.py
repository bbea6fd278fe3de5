import logging

logger = logging.getLogger(__name__)

def train(prompt):
    logger.info(prompt)
