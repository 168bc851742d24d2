-- AlterTable
ALTER TABLE "batch_prediction" ADD COLUMN     "import_id" TEXT,
ADD COLUMN     "input_bytes" BIGINT NOT NULL DEFAULT 0,
ADD COLUMN     "upload" JSONB,
ALTER COLUMN "dataset_id" DROP NOT NULL,
ALTER COLUMN "dataset_name" DROP NOT NULL,
ALTER COLUMN "dataset_sha256" DROP NOT NULL,
ALTER COLUMN "split" DROP NOT NULL;

-- CreateIndex
CREATE INDEX "batch_prediction_import_idx" ON "batch_prediction"("import_id") WHERE (import_id IS NOT NULL);

-- CreateIndex
CREATE INDEX "batch_prediction_unfinished_idx" ON "batch_prediction"("id") WHERE (finished_at IS NULL);
