#!/usr/bin/env python3
"""Keeps a ConfigMap NAME-storage of the size that a website asks for, while its spec.storage is on.

Planted bug: the storage is taken away only on seeing the change from on to off, and what is there is never looked at. If
off is never seen because it is on again, with another size, the old one stays. With --fixed what is there is made equal
to what is wanted.
"""
import sys

from kubernetes import client

from informer import NAMESPACE, Websites, call, connect, exists

FIXED = "--fixed" in sys.argv
connect()
core = client.CoreV1Api()


def is_on(website):
    return website is not None and website["spec"].get("storage") == "on"


def reconcile(old, website):
    name = f"{website['metadata']['name']}-storage"
    wanted = {"size": website["spec"].get("size", "1")}
    if is_on(website):
        found = exists(core.read_namespaced_config_map, name, NAMESPACE)
        if found is None:
            call(core.create_namespaced_config_map, NAMESPACE, {"metadata": {"name": name}, "data": wanted})
        elif FIXED and found.data != wanted:
            call(core.patch_namespaced_config_map, name, NAMESPACE, {"data": wanted})
    elif is_on(old) or FIXED:
        remove(name)


def remove(name):
    if exists(core.read_namespaced_config_map, name, NAMESPACE) is not None:
        try:
            call(core.delete_namespaced_config_map, name, NAMESPACE)
        except client.ApiException as error:
            if error.status != 404:
                raise


def changed(kind, old, website):
    if kind == "DELETED":
        remove(f"{website['metadata']['name']}-storage")
    else:
        reconcile(old, website)


Websites().run(lambda cache: None, changed)
