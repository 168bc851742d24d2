-- DropIndex
DROP INDEX "job_state_created_at_idx";

-- CreateIndex
CREATE INDEX "job_state_planned_at_id_idx" ON "job"("state", "planned_at", "id");

-- CreateIndex
CREATE INDEX "job_state_priority_tenant_id_idx" ON "job"("state", "priority", "tenant", "id");
