-- CreateTable
CREATE TABLE "model_push" (
    "id" TEXT NOT NULL,
    "model_id" TEXT NOT NULL,
    "tenant" TEXT NOT NULL,
    "target" TEXT NOT NULL,
    "url" TEXT NOT NULL,
    "variant" TEXT NOT NULL,
    "alias" TEXT,
    "region" TEXT,
    "secret" TEXT,
    "state" TEXT NOT NULL DEFAULT 'pending',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "losses" INTEGER NOT NULL DEFAULT 0,
    "due_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "lease_until" TIMESTAMPTZ(3),
    "location" TEXT,
    "error" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "model_push_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "model_push_state_tenant_due_at_idx" ON "model_push"("state", "tenant", "due_at");

-- CreateIndex
CREATE INDEX "model_push_lease_until_idx" ON "model_push"("lease_until");

-- CreateIndex
CREATE UNIQUE INDEX "model_push_model_id_target_url_variant_key" ON "model_push"("model_id", "target", "url", "variant");

-- AddForeignKey
ALTER TABLE "model_push" ADD CONSTRAINT "model_push_model_id_fkey" FOREIGN KEY ("model_id") REFERENCES "model"("id") ON DELETE CASCADE ON UPDATE CASCADE;
