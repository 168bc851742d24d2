-- AlterTable
ALTER TABLE "evaluation" ADD COLUMN     "checkpoint_id" TEXT,
ADD COLUMN     "job_id" TEXT,
ADD COLUMN     "serving" JSONB,
ALTER COLUMN "model_id" DROP NOT NULL,
ALTER COLUMN "model_name" DROP NOT NULL;

-- CreateIndex
CREATE INDEX "evaluation_job_id_id_idx" ON "evaluation"("job_id", "id");

-- CreateIndex
CREATE INDEX "evaluation_serving_idx" ON "evaluation" USING GIN ("serving" jsonb_path_ops);

-- AddForeignKey
ALTER TABLE "evaluation" ADD CONSTRAINT "evaluation_job_id_fkey" FOREIGN KEY ("job_id") REFERENCES "job"("id") ON DELETE CASCADE ON UPDATE CASCADE;
