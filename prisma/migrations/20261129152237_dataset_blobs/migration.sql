-- AlterTable
ALTER TABLE "dataset" ADD COLUMN     "listed_sha256" TEXT;

-- CreateTable
CREATE TABLE "dataset_blob" (
    "dataset_id" TEXT NOT NULL,
    "uri" TEXT NOT NULL,

    CONSTRAINT "dataset_blob_pkey" PRIMARY KEY ("dataset_id","uri")
);

-- CreateIndex
CREATE INDEX "dataset_blob_uri_idx" ON "dataset_blob"("uri");

-- CreateIndex
CREATE INDEX "dataset_unlisted_idx" ON "dataset"("id") WHERE (sha256 IS NOT NULL AND listed_sha256 IS DISTINCT FROM sha256);

-- AddForeignKey
ALTER TABLE "dataset_blob" ADD CONSTRAINT "dataset_blob_dataset_id_fkey" FOREIGN KEY ("dataset_id") REFERENCES "dataset"("id") ON DELETE CASCADE ON UPDATE CASCADE;
