-- CreateTable
CREATE TABLE "batch_prediction" (
    "id" TEXT NOT NULL,
    "tenant" TEXT NOT NULL,
    "model_id" TEXT NOT NULL,
    "model_name" TEXT NOT NULL,
    "variant" TEXT NOT NULL,
    "dataset_id" TEXT NOT NULL,
    "dataset_name" TEXT NOT NULL,
    "dataset_sha256" TEXT NOT NULL,
    "split" TEXT NOT NULL,
    "total" INTEGER NOT NULL,
    "done" INTEGER NOT NULL DEFAULT 0,
    "failed" INTEGER NOT NULL DEFAULT 0,
    "by_compact" INTEGER NOT NULL DEFAULT 0,
    "max_failed_share" DOUBLE PRECISION NOT NULL,
    "setup" JSONB NOT NULL,
    "result_bytes" BIGINT NOT NULL DEFAULT 0,
    "state" TEXT NOT NULL DEFAULT 'queued',
    "error" JSONB,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "batch_prediction_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "batch_part" (
    "id" TEXT NOT NULL,
    "batch_id" TEXT NOT NULL,
    "tenant" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "first" INTEGER NOT NULL,
    "count" INTEGER NOT NULL,
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "failures" INTEGER NOT NULL DEFAULT 0,
    "losses" INTEGER NOT NULL DEFAULT 0,
    "outages" INTEGER NOT NULL DEFAULT 0,
    "due_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "lease_until" TIMESTAMPTZ(3),
    "worker_id" TEXT,
    "started_at" TIMESTAMPTZ(3),
    "uri" TEXT,
    "errors_uri" TEXT,

    CONSTRAINT "batch_part_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "batch_prediction_tenant_id_idx" ON "batch_prediction"("tenant", "id");

-- CreateIndex
CREATE INDEX "batch_prediction_model_id_id_idx" ON "batch_prediction"("model_id", "id");

-- CreateIndex
CREATE INDEX "batch_part_open_idx" ON "batch_part"("tenant", "due_at") WHERE (uri IS NULL);

-- CreateIndex
CREATE INDEX "batch_part_uri_idx" ON "batch_part"("uri");

-- CreateIndex
CREATE INDEX "batch_part_errors_uri_idx" ON "batch_part"("errors_uri");

-- CreateIndex
CREATE UNIQUE INDEX "batch_part_batch_id_number_key" ON "batch_part"("batch_id", "number");

-- AddForeignKey
ALTER TABLE "batch_prediction" ADD CONSTRAINT "batch_prediction_model_id_fkey" FOREIGN KEY ("model_id") REFERENCES "model"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "batch_part" ADD CONSTRAINT "batch_part_batch_id_fkey" FOREIGN KEY ("batch_id") REFERENCES "batch_prediction"("id") ON DELETE CASCADE ON UPDATE CASCADE;
