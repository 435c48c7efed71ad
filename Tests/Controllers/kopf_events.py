#!/usr/bin/env python3
"""Publishes each website as the ConfigMap NAME-page, with kopf.

Planted bug: it acts on raw events. A website that was deleted and made anew while nobody looked is not seen as another
one, and its page stays the old one. With --fixed the page is made equal to what the website says.
"""
import os

import kopf
from kubernetes import client

from informer import NAMESPACE, call, connect, exists

# kopf loads this file by itself, so that arguments come by the environment.
FIXED = os.environ.get("FIXED") == "yes"
core = None


@kopf.on.startup()
def configure(settings, **_):
    global core
    connect()
    core = client.CoreV1Api()
    settings.posting.enabled = False
    settings.watching.server_timeout = 300
    settings.networking.error_backoffs = [0.1, 0.2, 0.5, 1]


@kopf.on.event("example.com", "v1", "websites")
def happened(type, name, spec, **_):
    page = f"{name}-page"
    wanted = {"content": spec.get("content", "")}
    found = exists(core.read_namespaced_config_map, page, NAMESPACE)
    if type == "DELETED":
        if found is not None:
            call(core.delete_namespaced_config_map, page, NAMESPACE)
    elif found is None:
        call(core.create_namespaced_config_map, NAMESPACE, {"metadata": {"name": page}, "data": wanted})
    elif FIXED and found.data != wanted:
        call(core.patch_namespaced_config_map, page, NAMESPACE, {"data": wanted})
