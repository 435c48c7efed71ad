"""What the sample controllers share: an informer as client-go has one, and calls that are made again.

A list with resourceVersion=0 (whatever the API server has at hand), then watches from there; a watch that ends or breaks
is opened again from the last version seen; 410 means to list anew.
"""
import os
import sys
import time

import urllib3
from kubernetes import client, config, watch

GROUP, VERSION, PLURAL = "example.com", "v1", "websites"
# The client itself stumbles (AttributeError) over a connection that is reset within TLS: its error has no body.
BROKEN = (urllib3.exceptions.HTTPError, OSError, AttributeError)


def connect():
    configuration = client.Configuration()
    config.load_kube_config(os.environ["KUBECONFIG"], client_configuration=configuration)
    # Every attempt is this program's own.
    configuration.retries = False
    client.Configuration.set_default(configuration)


NAMESPACE = os.environ.get("NAMESPACE", "default")


def log(*words):
    print(*words, file=sys.stderr, flush=True)


def call(function, *arguments, **options):
    """Makes a call until it is answered for good: what passes by itself is waited for, as long as it takes."""
    wait = 0.05
    while True:
        try:
            return function(*arguments, _request_timeout=5, **options)
        except client.ApiException as error:
            if error.status not in (429, 500, 502, 503, 504):
                raise
            log("again after", error.status)
        except BROKEN as error:
            log("again after", type(error).__name__)
        time.sleep(wait)
        wait = min(wait * 2, 1)


def exists(function, *arguments, **options):
    """The object, or None."""
    try:
        return call(function, *arguments, **options)
    except client.ApiException as error:
        if error.status == 404:
            return None
        raise


class Websites:
    """The websites of the namespace: a cache, and a handler that is told of each change."""

    def __init__(self):
        self.api = client.CustomObjectsApi()
        self.cache = {}

    def run(self, synced, changed):
        """Calls `synced(cache)` after each list, and `changed(kind, old, new)` for each change of an object."""
        while True:
            listed = call(self.api.list_namespaced_custom_object, GROUP, VERSION, NAMESPACE, PLURAL, resource_version="0")
            version = listed["metadata"]["resourceVersion"]
            new = {item["metadata"]["name"]: item for item in listed["items"]}
            old, self.cache = self.cache, new
            for name in old.keys() - new.keys():
                changed("DELETED", old[name], old[name])
            for name, item in new.items():
                if name not in old:
                    changed("ADDED", None, item)
                elif old[name]["metadata"]["resourceVersion"] != item["metadata"]["resourceVersion"]:
                    changed("MODIFIED", old[name], item)
            synced(self.cache)
            self.follow(version, changed)

    def follow(self, version, changed):
        """Watches from a version until it is too old."""
        while True:
            try:
                stream = watch.Watch().stream(
                    self.api.list_namespaced_custom_object, GROUP, VERSION, NAMESPACE, PLURAL, resource_version=version,
                    timeout_seconds=300, _request_timeout=(5, 60))
                for event in stream:
                    item = event["object"]
                    version = item["metadata"]["resourceVersion"]
                    name = item["metadata"]["name"]
                    old = self.cache.get(name)
                    if event["type"] == "DELETED":
                        self.cache.pop(name, None)
                    else:
                        self.cache[name] = item
                    changed(event["type"], old, item)
            except client.ApiException as error:
                if error.status == 410:
                    log("the version is too old; listing anew")
                    return
                log("watch refused:", error.status)
                time.sleep(0.1)
            except BROKEN as error:
                log("watch broken:", type(error).__name__)
                time.sleep(0.1)
