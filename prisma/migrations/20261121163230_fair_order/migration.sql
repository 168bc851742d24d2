-- AlterTable
ALTER TABLE "job" ADD COLUMN     "priority" INTEGER NOT NULL DEFAULT 0;

-- AlterTable
ALTER TABLE "task" ADD COLUMN     "priority" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "tenant" TEXT NOT NULL DEFAULT 'default';

-- Tasks of before belong to whom their jobs belong to
UPDATE "task" SET "tenant" = "job"."tenant" FROM "job" WHERE "job"."id" = "task"."job_id";

-- CreateIndex
CREATE INDEX "task_state_priority_tenant_job_id_position_idx" ON "task"("state", "priority", "tenant", "job_id", "position");

-- CreateIndex
CREATE INDEX "task_tenant_started_at_idx" ON "task"("tenant", "started_at");
