-- DropIndex
DROP INDEX "job_state_priority_tenant_id_idx";

-- DropIndex
DROP INDEX "task_state_priority_tenant_job_id_position_idx";

-- DropIndex
DROP INDEX "dataset_import_due_at_idx";

-- DropIndex
DROP INDEX "profile_state_created_at_idx";

-- DropIndex
DROP INDEX "webhook_delivery_state_due_at_idx";

-- DropIndex
DROP INDEX "tracker_export_state_due_at_idx";

-- AlterTable
ALTER TABLE "dataset_import" ADD COLUMN     "phase" TEXT NOT NULL DEFAULT 'import',
ADD COLUMN     "tenant" TEXT NOT NULL DEFAULT '';

-- AlterTable
ALTER TABLE "profile" ADD COLUMN     "due_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
ADD COLUMN     "losses" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "started_at" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "webhook_delivery" ADD COLUMN     "attempt" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "lease_until" TIMESTAMPTZ(3),
ADD COLUMN     "losses" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "tenant" TEXT NOT NULL DEFAULT '';

-- AlterTable
ALTER TABLE "tracker_export" ADD COLUMN     "attempt" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "lease_until" TIMESTAMPTZ(3),
ADD COLUMN     "losses" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "tenant" TEXT NOT NULL DEFAULT '';

-- CreateTable
CREATE TABLE "turn" (
    "place" TEXT NOT NULL,
    "tenant" TEXT NOT NULL,
    "served_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "turn_pkey" PRIMARY KEY ("place","tenant")
);

-- CreateIndex
CREATE INDEX "job_state_tenant_priority_id_idx" ON "job"("state", "tenant", "priority" DESC, "id");

-- CreateIndex
CREATE INDEX "task_state_tenant_priority_job_id_position_idx" ON "task"("state", "tenant", "priority" DESC, "job_id", "position");

-- CreateIndex
CREATE INDEX "dataset_import_phase_tenant_due_at_idx" ON "dataset_import"("phase", "tenant", "due_at");

-- CreateIndex
CREATE INDEX "profile_state_device_kind_tenant_due_at_idx" ON "profile"("state", "device_kind", "tenant", "due_at");

-- CreateIndex
CREATE INDEX "profile_tenant_started_at_idx" ON "profile"("tenant", "started_at");

-- CreateIndex
CREATE INDEX "webhook_delivery_state_tenant_webhook_id_due_at_idx" ON "webhook_delivery"("state", "tenant", "webhook_id", "due_at");

-- CreateIndex
CREATE INDEX "webhook_delivery_lease_until_idx" ON "webhook_delivery"("lease_until");

-- CreateIndex
CREATE INDEX "tracker_export_state_tenant_due_at_idx" ON "tracker_export"("state", "tenant", "due_at");

-- CreateIndex
CREATE INDEX "tracker_export_lease_until_idx" ON "tracker_export"("lease_until");

-- Rows of before learn whose they are.
UPDATE "webhook_delivery" SET "tenant" = "webhook"."tenant" FROM "webhook" WHERE "webhook"."id" = "webhook_delivery"."webhook_id";
UPDATE "tracker_export" SET "tenant" = "job"."tenant" FROM "job" WHERE "job"."id" = "tracker_export"."job_id";
UPDATE "dataset_import" SET "tenant" = "dataset"."tenant",
  "phase" = CASE WHEN "dataset_import"."source"->>'kind' = 'file' THEN 'import' ELSE 'fetch' END
  FROM "dataset" WHERE "dataset"."id" = "dataset_import"."dataset_id";
