#!/bin/bash
exec vllm serve /models/a "$@"
