-- DropIndex
DROP INDEX "dataset_name_key";

-- AlterTable
ALTER TABLE "dataset" ADD COLUMN     "format" TEXT,
ADD COLUMN     "problem_count" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "source" JSONB,
ADD COLUMN     "statistics" JSONB,
ADD COLUMN     "tenant" TEXT NOT NULL DEFAULT '',
ALTER COLUMN "image" DROP NOT NULL;

-- CreateTable
CREATE TABLE "dataset_import" (
    "id" TEXT NOT NULL,
    "dataset_id" TEXT NOT NULL,
    "source" JSONB NOT NULL,
    "options" JSONB NOT NULL,
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "failures" INTEGER NOT NULL DEFAULT 0,
    "losses" INTEGER NOT NULL DEFAULT 0,
    "due_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "lease_until" TIMESTAMPTZ(3),
    "worker_id" TEXT,
    "started_at" TIMESTAMPTZ(3),
    "progress" JSONB,

    CONSTRAINT "dataset_import_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "dataset_import_dataset_id_key" ON "dataset_import"("dataset_id");

-- CreateIndex
CREATE INDEX "dataset_import_due_at_idx" ON "dataset_import"("due_at");

-- CreateIndex
CREATE UNIQUE INDEX "dataset_tenant_name_key" ON "dataset"("tenant", "name");

-- AddForeignKey
ALTER TABLE "dataset_import" ADD CONSTRAINT "dataset_import_dataset_id_fkey" FOREIGN KEY ("dataset_id") REFERENCES "dataset"("id") ON DELETE CASCADE ON UPDATE CASCADE;
