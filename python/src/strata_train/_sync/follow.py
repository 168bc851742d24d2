# Generated from ../_async/follow.py by `npm run generate`. Do not edit.
"""The events of a job, to its end."""

import time
import json
from collections.abc import Iterator

from .._event_stream import EventStream
from .._retry import backoff_s, is_passing, wait_s
from ..errors import StrataError
from ..schemas import Event
from .connection import Connection, quoted


def follow_job(connection: Connection, job_id: str, after: int = 0) -> Iterator[Event]:
    """Yields the events of a job until its last one, the stored ones first.

    It connects again after a lost connection, waits for a server that is down, and then continues after the last received
    event. Raises StrataError for an error that a retry cannot fix, like ``not_found``.
    """
    seq = after
    failures = 0
    while True:
        try:
            headers = {"accept": "text/event-stream", "last-event-id": str(seq)}
            with connection.stream("GET", f"/jobs/{quoted(job_id)}/events", headers=headers) as response:
                if response.status_code == 204:
                    return
                messages = EventStream()
                for chunk in response.iter_bytes():
                    for data in messages.feed(chunk):
                        event: Event = json.loads(data)
                        # A proxy may repeat events that it has buffered.
                        if event["seq"] <= seq:
                            continue
                        seq = event["seq"]
                        failures = 0
                        yield event
            # The stream ended. The next request shows whether the job has ended (204). After a stream without events, wait
            # before it.
            if failures > 0:
                time.sleep(backoff_s(failures))
        except StrataError as error:
            if not is_passing(error):
                raise
            time.sleep(wait_s(error, failures))
        failures += 1
