#!/bin/sh
# Runs one GTest program so that the TAP driver understands it.
exec "$@" --tap
