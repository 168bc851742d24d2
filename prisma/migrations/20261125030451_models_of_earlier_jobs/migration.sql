-- A job that succeeded before there were models gets the one it would have made.
INSERT INTO "model" ("id", "tenant", "name", "metadata", "job_id", "dataset_id", "dataset_name", "dataset_sha256",
  "storage", "classes", "image", "accuracy", "serving", "created_at")
SELECT 'model_' || substr(job.id, length('job_') + 1), job.tenant,
  coalesce(nullif(job.name, ''),
    concat_ws('-', dataset.name, job.spec #>> '{model,family}', job.spec #>> '{model,depth}')),
  job.metadata, job.id, dataset.id, dataset.name, dataset.sha256, dataset.storage, dataset.classes,
  CASE WHEN job.spec ->> 'image_size' IS NULL THEN dataset.image ELSE dataset.image ||
    jsonb_build_object('height', job.spec -> 'image_size', 'width', job.spec -> 'image_size') END,
  (job.result ->> 'test_accuracy')::float8,
  coalesce((SELECT jsonb_object_agg(split_part(artifact.name, '/', 1), 'sha256:' || artifact.sha256) FROM artifact
    WHERE artifact.job_id = job.id AND artifact.name IN ('full/model.onnx', 'compact/model.onnx')), '{}'),
  coalesce(job.finished_at, now())
FROM job JOIN dataset ON dataset.id = job.dataset_id
WHERE job.state = 'succeeded' AND job.result ? 'test_accuracy';

UPDATE "artifact" SET "model_id" = model.id FROM "model"
WHERE model.job_id = artifact.job_id AND artifact.kind <> 'report';
