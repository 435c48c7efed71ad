#!/usr/bin/env python3
"""Starts one job (a ConfigMap in its place) for each website, and notes its name in the website's status.

Planted bug: the job's name is left to the server, and a create whose answer is lost is made again: two jobs. With --fixed
the name follows from the website's, and AlreadyExists is taken for done.
"""
import sys

from kubernetes import client

from informer import GROUP, NAMESPACE, PLURAL, VERSION, Websites, call, connect

FIXED = "--fixed" in sys.argv
connect()
core = client.CoreV1Api()
websites = Websites()


def changed(kind, old, website):
    name = website["metadata"]["name"]
    if kind == "DELETED" or website.get("status", {}).get("job"):
        return
    metadata = {"name": f"{name}-job"} if FIXED else {"generateName": f"{name}-job-"}
    owner = {
        "apiVersion": f"{GROUP}/{VERSION}", "kind": "Website", "name": name, "uid": website["metadata"]["uid"],
        "controller": True}
    body = {"metadata": {**metadata, "ownerReferences": [owner]}, "data": {"content": website["spec"]["content"]}}
    try:
        job = call(core.create_namespaced_config_map, NAMESPACE, body).metadata.name
    except client.ApiException as error:
        if error.status != 409:
            raise
        job = f"{name}-job"
    patch = {"status": {"job": job}}
    call(websites.api.patch_namespaced_custom_object, GROUP, VERSION, NAMESPACE, PLURAL, name, patch)


websites.run(lambda cache: None, changed)
