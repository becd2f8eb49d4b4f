#!/usr/bin/env python3
"""The Python tinker SDK: a call of the plan is SamplingClient.sample(). It knows
no token of ours, so a call is named as the scenario finds it: by the seq_id that
the SDK counts from 0 and keeps over the retries of a sample."""
import os

import contract
from contract import PLAN

if PLAN["path"] != "/api/v1/asample":
    contract.cannot("tinker has paths of its own")
if PLAN["clients"] != 1 or PLAN["give_up_ms"]:
    contract.cannot("seq_id tells apart the samples of one client only")

os.environ["TINKER_BASE_URL"] = os.environ["RETRYSPEC_BASE_URL"]
os.environ["TINKER_API_KEY"] = os.environ["RETRYSPEC_API_KEY"]
os.environ["TINKER_TELEMETRY"] = "0"

import tinker  # noqa: E402  it reads the environment
from tinker import types  # noqa: E402


def main():
    client = tinker.ServiceClient().create_sampling_client(base_model="stub/model")
    prompt = types.ModelInput.from_ints([1, 1])
    parameters = types.SamplingParams(max_tokens=3)
    samples = [client.sample(prompt=prompt, num_samples=1, sampling_params=parameters)
               for _ in range(PLAN["calls"])]
    for seq_id, sample in enumerate(samples):
        try:
            assert sample.result().sequences[0].tokens == [0x41414141]
            line = contract.ok(200)
        except Exception as error:  # whatever it raises is what its user sees
            line = contract.failed(error, getattr(error, "status_code", 0))
        contract.report(str(seq_id), line)


if __name__ == "__main__":
    main()
