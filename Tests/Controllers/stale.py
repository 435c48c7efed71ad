#!/usr/bin/env python3
"""Keeps a ConfigMap NAME-content for each website, and takes away those whose website is gone.

Planted bug: after a start, whatever has no website in the list is garbage. A list with resourceVersion=0 may be older
than the ConfigMaps, so that the child of a website that was made anew is destroyed. With --fixed the website is read
afresh before.
"""
import sys

from kubernetes import client

from informer import GROUP, NAMESPACE, PLURAL, VERSION, Websites, call, connect, exists, log

FIXED = "--fixed" in sys.argv
connect()
core = client.CoreV1Api()
websites = Websites()
LABEL = "example.com/website"


def make(website):
    name = website["metadata"]["name"]
    body = {"metadata": {"name": f"{name}-content", "labels": {LABEL: name}}, "data": {"content": website["spec"]["content"]}}
    if exists(core.read_namespaced_config_map, f"{name}-content", NAMESPACE) is None:
        try:
            call(core.create_namespaced_config_map, NAMESPACE, body)
        except client.ApiException as error:
            if error.status != 409:
                raise
    if website.get("status", {}).get("ready") != "true":
        patch = {"status": {"ready": "true"}}
        call(websites.api.patch_namespaced_custom_object, GROUP, VERSION, NAMESPACE, PLURAL, name, patch)


def unmake(name):
    if FIXED and exists(websites.api.get_namespaced_custom_object, GROUP, VERSION, NAMESPACE, PLURAL, name) is not None:
        return
    try:
        call(core.delete_namespaced_config_map, f"{name}-content", NAMESPACE)
        log("deleted the content of", name)
    except client.ApiException as error:
        if error.status != 404:
            raise


def synced(cache):
    children = call(core.list_namespaced_config_map, NAMESPACE, label_selector=LABEL)
    for child in children.items:
        if child.metadata.labels[LABEL] not in cache:
            unmake(child.metadata.labels[LABEL])


def changed(kind, old, website):
    try:
        unmake(website["metadata"]["name"]) if kind == "DELETED" else make(website)
    except client.ApiException as error:
        if error.status != 404:
            raise


websites.run(synced, changed)
