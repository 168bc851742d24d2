-- CreateTable
CREATE TABLE "evaluation" (
    "id" TEXT NOT NULL,
    "tenant" TEXT NOT NULL,
    "model_id" TEXT NOT NULL,
    "model_name" TEXT NOT NULL,
    "variant" TEXT NOT NULL,
    "dataset_id" TEXT NOT NULL,
    "dataset_name" TEXT NOT NULL,
    "dataset_sha256" TEXT NOT NULL,
    "split" TEXT NOT NULL,
    "tta" TEXT NOT NULL,
    "images" INTEGER NOT NULL,
    "setup" JSONB NOT NULL,
    "parts" INTEGER NOT NULL,
    "parts_done" INTEGER NOT NULL DEFAULT 0,
    "state" TEXT NOT NULL DEFAULT 'queued',
    "figures" JSONB,
    "predictions_uri" TEXT,
    "error" JSONB,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "evaluation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "evaluation_part" (
    "id" TEXT NOT NULL,
    "evaluation_id" TEXT NOT NULL,
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

    CONSTRAINT "evaluation_part_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "evaluation_tenant_id_idx" ON "evaluation"("tenant", "id");

-- CreateIndex
CREATE INDEX "evaluation_model_id_id_idx" ON "evaluation"("model_id", "id");

-- CreateIndex
CREATE INDEX "evaluation_predictions_uri_idx" ON "evaluation"("predictions_uri");

-- CreateIndex
CREATE INDEX "evaluation_part_open_idx" ON "evaluation_part"("tenant", "due_at") WHERE (uri IS NULL);

-- CreateIndex
CREATE INDEX "evaluation_part_uri_idx" ON "evaluation_part"("uri");

-- CreateIndex
CREATE UNIQUE INDEX "evaluation_part_evaluation_id_number_key" ON "evaluation_part"("evaluation_id", "number");

-- AddForeignKey
ALTER TABLE "evaluation" ADD CONSTRAINT "evaluation_model_id_fkey" FOREIGN KEY ("model_id") REFERENCES "model"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "evaluation_part" ADD CONSTRAINT "evaluation_part_evaluation_id_fkey" FOREIGN KEY ("evaluation_id") REFERENCES "evaluation"("id") ON DELETE CASCADE ON UPDATE CASCADE;
