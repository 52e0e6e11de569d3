"""Drives qcloudapi-sdk-python for the tests, in the venv of the clients of 2017: a line of JSON {action, parameters} in, a
line of JSON {answer} or {error} out. The first argument is its configuration, the second its module."""

import json
import sys

from QcloudApi.qcloudapi import QcloudApi

service = QcloudApi(sys.argv[2], json.loads(sys.argv[1]))
for line in sys.stdin:
    asked = json.loads(line)
    try:
        out = {"answer": json.loads(service.call(asked["action"], asked["parameters"]))}
    except Exception as error:  # whatever it raises is told
        out = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(out), flush=True)
