"""Prints as JSON what other tools read in a job's documents, which lie in the current folder."""

import json

from huggingface_hub import ModelCard
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

card = ModelCard.load("README.md").data
events = EventAccumulator("tensorboard", size_guidance={"scalars": 0}).Reload()
print(
    json.dumps(
        {
            "card": {
                "license": card.license,
                "library_name": card.library_name,
                "datasets": card.datasets,
                "tags": card.tags,
                "model_name": card.model_name,
                "results": [
                    [result.dataset_name, result.dataset_split, result.metric_name, result.metric_value]
                    for result in card.eval_results
                ],
            },
            "scalars": {
                tag: [[event.step, event.value, event.wall_time] for event in events.Scalars(tag)]
                for tag in events.Tags()["scalars"]
            },
        }
    )
)
