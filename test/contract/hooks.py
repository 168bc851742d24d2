"""Checks of our own for schemathesis, which knows nothing of rules between fields."""

import os

import schemathesis

# The id within `strata_<id>_<secret>`.
OWN_KEY = os.environ.get("API_KEY", "").rpartition("_")[0].removeprefix("strata_")


@schemathesis.hook
def before_call(ctx, case, kwargs):
    """The key that asks is not revoked: nothing after that would be looked at."""
    if OWN_KEY and OWN_KEY in str(case.path_parameters.get("id")) and case.method.upper() == "DELETE":
        case.path_parameters["id"] = "another"


@schemathesis.hook
def filter_case(ctx, case):
    """`metadata[a][b]=1` is meant to be an object in an object, and reads as a pair of the name `a][b`, which may be."""
    filters = (case.query or {}).get("metadata")
    nested = isinstance(filters, dict) and any(isinstance(value, (dict, list)) for value in filters.values())
    return not nested and not is_lost_in_multipart(case)


def is_lost_in_multipart(case):
    """An empty list is not sent at all, and an empty text counts as a field of a form that nobody filled in."""
    multipart = (case.media_type or "").startswith("multipart/") and isinstance(case.body, dict)
    return multipart and any(value in ([], "") for value in case.body.values())


@schemathesis.check
def refused_by_a_rule_only(ctx, response, case):
    """What fits the contract may still be no job (more stages than blocks) or no public URL, and is refused as exactly that."""
    meta = case.meta
    if meta is None or not meta.generation.mode.is_positive or response.status_code not in (400, 422):
        return
    # Of bodies whose parts exclude each other, or that are not JSON, the contract cannot say so.
    if case.operation.label in ("POST /datasets", "POST /weights", "POST /models/{id}/predict") and response.json()["code"] == "invalid_request":
        return
    # A cascade needs the full network, an embedding the format jsonl, and the split of the dataset may be empty.
    if case.operation.label == "POST /batch-predictions" and response.json()["code"] in ("invalid_request", "model_without_features"):
        return
    # An alias is only changed by whoever names what it is now.
    if case.operation.label == "PUT /registry/{name}/aliases/{alias}" and response.json()["code"] == "invalid_request":
        return
    # An evaluation has a model or a checkpoint, and both networks of a cascade only with the full one.
    if case.operation.label == "POST /evaluations" and response.json()["code"] == "invalid_request":
        return
    # A slice has either indices or classes, and they exist.
    if case.operation.label == "POST /evaluations/{id}/slices" and response.json()["code"] == "invalid_request":
        return
    # What each kind of target needs, and does not use.
    if case.operation.label == "POST /models/{id}/pushes" and response.json()["code"] == "invalid_request":
        return
    # Parameters of a query that exclude each other.
    if case.operation.label == "GET /jobs/{id}/metrics" and response.json()["code"] == "invalid_request":
        return
    code = response.json()["code"]
    assert code in ("invalid_spec", "idempotency_key_reused", "forbidden_target", "checksum_mismatch", "invalid_cursor", "unreadable_image", "classes_unknown", "images_unfit", "weights_damaged", "weights_pickled", "weights_unknown", "source_unreachable"), f"{code} for a request that fits the contract"
