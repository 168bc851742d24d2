-- AlterTable
ALTER TABLE "artifact" ADD COLUMN     "model_id" TEXT;

-- CreateTable
CREATE TABLE "model" (
    "id" TEXT NOT NULL,
    "tenant" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "description" TEXT NOT NULL DEFAULT '',
    "metadata" JSONB NOT NULL,
    "job_id" TEXT NOT NULL,
    "dataset_id" TEXT NOT NULL,
    "dataset_name" TEXT NOT NULL,
    "dataset_sha256" TEXT,
    "storage" TEXT NOT NULL,
    "classes" JSONB NOT NULL,
    "image" JSONB NOT NULL,
    "accuracy" DOUBLE PRECISION NOT NULL,
    "serving" JSONB NOT NULL,
    "strata_version" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "model_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "model_tag" (
    "tenant" TEXT NOT NULL,
    "model_name" TEXT NOT NULL,
    "tag" TEXT NOT NULL,
    "model_id" TEXT NOT NULL,

    CONSTRAINT "model_tag_pkey" PRIMARY KEY ("tenant","model_name","tag")
);

-- CreateTable
CREATE TABLE "tag_change" (
    "id" TEXT NOT NULL,
    "tenant" TEXT NOT NULL,
    "model_name" TEXT NOT NULL,
    "tag" TEXT NOT NULL,
    "model_id" TEXT,
    "previous_model_id" TEXT,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "tag_change_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "model_job_id_key" ON "model"("job_id");

-- CreateIndex
CREATE INDEX "model_tenant_created_at_id_idx" ON "model"("tenant", "created_at", "id");

-- CreateIndex
CREATE INDEX "model_tenant_accuracy_id_idx" ON "model"("tenant", "accuracy", "id");

-- CreateIndex
CREATE INDEX "model_tenant_name_idx" ON "model"("tenant", "name");

-- CreateIndex
CREATE INDEX "model_metadata_idx" ON "model" USING GIN ("metadata" jsonb_path_ops);

-- CreateIndex
CREATE INDEX "model_tag_model_id_idx" ON "model_tag"("model_id");

-- CreateIndex
CREATE INDEX "tag_change_tenant_model_id_id_idx" ON "tag_change"("tenant", "model_id", "id");

-- CreateIndex
CREATE INDEX "tag_change_tenant_previous_model_id_id_idx" ON "tag_change"("tenant", "previous_model_id", "id");

-- CreateIndex
CREATE INDEX "artifact_model_id_idx" ON "artifact"("model_id");

-- AddForeignKey
ALTER TABLE "artifact" ADD CONSTRAINT "artifact_model_id_fkey" FOREIGN KEY ("model_id") REFERENCES "model"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "model" ADD CONSTRAINT "model_job_id_fkey" FOREIGN KEY ("job_id") REFERENCES "job"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "model_tag" ADD CONSTRAINT "model_tag_model_id_fkey" FOREIGN KEY ("model_id") REFERENCES "model"("id") ON DELETE CASCADE ON UPDATE CASCADE;
