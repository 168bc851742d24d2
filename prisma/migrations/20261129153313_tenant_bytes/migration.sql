-- AlterTable
ALTER TABLE "dataset" ADD COLUMN     "stored_bytes" BIGINT NOT NULL DEFAULT 0;

-- CreateTable
CREATE TABLE "upload" (
    "id" TEXT NOT NULL,
    "tenant" TEXT NOT NULL,
    "size_bytes" BIGINT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "upload_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "upload_tenant_idx" ON "upload"("tenant");

-- The arrays of older datasets are not measured: their upload stands for them.
UPDATE "dataset" SET "stored_bytes" = coalesce(("source"->>'size_bytes')::bigint, 0) WHERE NOT "built_in" AND "state" <> 'failed';
