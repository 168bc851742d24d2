"""Uses the client that openapi-python-client generated, and prints what it saw. argv: URL, API key, id of a finished job."""

import hashlib
import json
import sys

from strata_client import AuthenticatedClient
from strata_client.api.artifacts import list_job_artifacts
from strata_client.api.jobs import cancel_job, create_job, get_job, list_job_events
from strata_client.models import CancelRequest, JobSpec, Problem

url, key, finished_id = sys.argv[1:]
client = AuthenticatedClient(base_url=url, token=key)

job = create_job.sync(client=client, body=JobSpec(dataset="mnist", epochs=1, max_train_samples=256))
cancel_job.sync(job.id, client=client, body=CancelRequest(force=True))
cancelled = get_job.sync(job.id, client=client, wait=30)
events = list_job_events.sync(job.id, client=client)
artifact = list_job_artifacts.sync(finished_id, client=client).data[0]
# The generator knows no answers of any media type; its HTTP client sends the key along.
content = client.get_httpx_client().get(artifact.links.content).raise_for_status().content
assert hashlib.sha256(content).hexdigest() == artifact.sha256
refused = create_job.sync(client=client, body=JobSpec(dataset="nowhere"))
assert isinstance(refused, Problem)

print(
    json.dumps(
        {
            "created": job.state,
            "depth": job.spec.model.depth,
            "cancelled": cancelled.state,
            "events": [event.type_ for event in events.data],
            "finished": get_job.sync(finished_id, client=client).state,
            "artifact": artifact.name,
            "refused": refused.code,
        }
    )
)
