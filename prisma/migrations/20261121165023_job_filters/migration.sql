-- CreateIndex
CREATE INDEX "job_tenant_state_id_idx" ON "job"("tenant", "state", "id");

-- CreateIndex
CREATE INDEX "job_metadata_idx" ON "job" USING GIN ("metadata" jsonb_path_ops);
