#!/usr/bin/env python3
"""Makes two things for each website: the ConfigMap NAME-config, and then the Secret NAME-credentials.

Planted bug: where the first is there, both are taken for done. A controller that dies between them never makes the
second. With --fixed each is looked for.
"""
import sys

from kubernetes import client

from informer import NAMESPACE, Websites, call, connect, exists

FIXED = "--fixed" in sys.argv
connect()
core = client.CoreV1Api()


def ensure(read, create, body):
    """Whether the object was missing."""
    if exists(read, body["metadata"]["name"], NAMESPACE) is not None:
        return False
    try:
        call(create, NAMESPACE, body)
    except client.ApiException as error:
        if error.status != 409:
            raise
    return True


def changed(kind, old, website):
    if kind == "DELETED":
        return
    name = website["metadata"]["name"]
    is_new = ensure(
        core.read_namespaced_config_map, core.create_namespaced_config_map,
        {"metadata": {"name": f"{name}-config"}, "data": {"content": website["spec"]["content"]}})
    if is_new or FIXED:
        ensure(
            core.read_namespaced_secret, core.create_namespaced_secret,
            {"metadata": {"name": f"{name}-credentials"}, "stringData": {"user": name}})


Websites().run(lambda cache: None, changed)
