"""Which shipped profile stands for which layer of which release of tinker."""
from ours import profile

OLD = ("0.6.2", "0.7.0")
NEW = ("0.22.3", "0.38.0")
HANDLER = {"0.6.2": "tinker-retry-handler-0.1", "0.7.0": "tinker-retry-handler-0.6.3",
           "0.22.3": "tinker-retry-handler-0.6.3", "0.38.0": "tinker-retry-handler"}
DISPATCH = {"0.6.2": "tinker-sampling-429-0.1", "0.7.0": "tinker-sampling-429-0.7",
            "0.22.3": "tinker-sampling-429", "0.38.0": "tinker-sampling-429"}
POLLING = {"0.6.2": "tinker-future-0.1", "0.7.0": "tinker-future-0.1",
           "0.22.3": "tinker-future", "0.38.0": "tinker-future"}
HTTP = {"0.6.2": "tinker-http-0.1", "0.7.0": "tinker-http-0.1", "0.22.3": "tinker-http", "0.38.0": "tinker-http"}


def layers(name):
    return [{**layer, "routes": ["POST *"]} for layer in profile(name)["layers"]]


def nested(*layers):
    """Layers of several profiles as one profile, outermost first."""
    return {"retryspec": 1, "profile": "nested", "title": "nested", "source": "parity", "layers": list(layers)}


def submission(version):
    """Everything around asample. A 429 never reaches execute_with_retries, since it is no exception there."""
    submit = next({**layer, "routes": ["POST *"]} for layer in profile("tinker-stack")["layers"]
                  if layer["name"] == "submit")
    if version in OLD:
        submit["rules"] = [rule for rule in submit["rules"] if rule["on"]["status"] != ["400"]]
        submit["attempt_timeout"] = profile("tinker-http-0.1")["layers"][0]["attempt_timeout"]
    return nested(*layers(HANDLER[version]), *layers(DISPATCH[version]), submit)
