-- AlterTable
ALTER TABLE "job" ADD COLUMN     "carried" JSONB,
ADD COLUMN     "parent_id" TEXT,
ADD COLUMN     "reproduces" TEXT;

-- CreateTable
CREATE TABLE "model_state" (
    "model_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "uri" TEXT NOT NULL,
    "size_bytes" BIGINT NOT NULL,

    CONSTRAINT "model_state_pkey" PRIMARY KEY ("model_id","name")
);

-- CreateTable
CREATE TABLE "reproduction" (
    "id" TEXT NOT NULL,
    "tenant" TEXT NOT NULL,
    "model_id" TEXT NOT NULL,
    "job_id" TEXT NOT NULL,
    "expected" TEXT NOT NULL,
    "equal" BOOLEAN,
    "tensors" JSONB NOT NULL DEFAULT '[]',
    "different" INTEGER NOT NULL DEFAULT 0,
    "reason" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "reproduction_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "model_state_uri_idx" ON "model_state"("uri");

-- CreateIndex
CREATE INDEX "reproduction_model_id_id_idx" ON "reproduction"("model_id", "id");

-- CreateIndex
CREATE INDEX "reproduction_expected_idx" ON "reproduction"("expected");

-- CreateIndex
CREATE INDEX "reproduction_unfinished_idx" ON "reproduction"("id") WHERE (finished_at IS NULL);

-- AddForeignKey
ALTER TABLE "model_state" ADD CONSTRAINT "model_state_model_id_fkey" FOREIGN KEY ("model_id") REFERENCES "model"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "reproduction" ADD CONSTRAINT "reproduction_model_id_fkey" FOREIGN KEY ("model_id") REFERENCES "model"("id") ON DELETE CASCADE ON UPDATE CASCADE;
