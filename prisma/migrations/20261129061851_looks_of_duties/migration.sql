-- AlterTable
ALTER TABLE "job" ADD COLUMN     "artifacts_deleted_at" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "event" ADD COLUMN     "task" TEXT;

-- Events that were written before the column was there.
UPDATE "event" SET "task" = "data"->>'task' WHERE "data"->>'task' IS NOT NULL;

-- Spool files of a job are deleted when it ends; its tasks kept saying that they had some.
UPDATE "task" SET "has_spool" = false FROM "job"
WHERE "job"."id" = "task"."job_id" AND "job"."spool_deleted_at" IS NOT NULL AND "task"."has_spool";

-- CreateIndex
CREATE INDEX "job_dataset_id_idx" ON "job"("dataset_id");

-- CreateIndex
CREATE INDEX "job_unfinished_idx" ON "job"("id") WHERE (finished_at IS NULL);

-- CreateIndex
CREATE INDEX "job_at_work_idx" ON "job"("id") WHERE (finished_at IS NULL AND running_since IS NOT NULL);

-- CreateIndex
CREATE INDEX "job_queued_with_limit_idx" ON "job"("id") WHERE (state = 'queued' AND spec->>'max_pending_s' IS NOT NULL);

-- CreateIndex
CREATE INDEX "job_stopping_idx" ON "job"("id") WHERE (finished_at IS NULL AND (stop_as IS NOT NULL OR pause_requested_at IS NOT NULL AND state <> 'paused'));

-- CreateIndex
CREATE INDEX "job_ended_with_spool_idx" ON "job"("id") WHERE (finished_at IS NOT NULL AND spool_deleted_at IS NULL);

-- CreateIndex
CREATE INDEX "job_with_artifacts_idx" ON "job"("finished_at") WHERE (finished_at IS NOT NULL AND artifacts_deleted_at IS NULL);

-- CreateIndex
CREATE INDEX "task_running_idx" ON "task"("id") WHERE (state = 'running');

-- CreateIndex
CREATE INDEX "task_with_spool_idx" ON "task"("id") WHERE (has_spool AND state = 'succeeded');

-- CreateIndex
CREATE INDEX "checkpoint_uri_idx" ON "checkpoint"("uri");

-- CreateIndex
CREATE INDEX "event_of_task_idx" ON "event"("job_id", "task", "type", "seq") WHERE (task IS NOT NULL);

-- CreateIndex
CREATE INDEX "artifact_sha256_idx" ON "artifact"("sha256");

-- CreateIndex
CREATE INDEX "model_serving_idx" ON "model" USING GIN ("serving" jsonb_path_ops);

-- CreateIndex
CREATE INDEX "profile_finished_at_idx" ON "profile"("finished_at");

-- CreateIndex
CREATE INDEX "idempotency_key_job_id_idx" ON "idempotency_key"("job_id");

-- CreateIndex
CREATE INDEX "webhook_delivery_finished_at_idx" ON "webhook_delivery"("finished_at");
