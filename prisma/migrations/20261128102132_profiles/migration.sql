-- CreateTable
CREATE TABLE "profile" (
    "id" TEXT NOT NULL,
    "tenant" TEXT NOT NULL,
    "network" TEXT NOT NULL,
    "device_kind" TEXT NOT NULL,
    "spec" JSONB NOT NULL,
    "dataset" JSONB NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'queued',
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "lease_until" TIMESTAMPTZ(3),
    "device" TEXT,
    "result" JSONB,
    "error" JSONB,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "profile_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "profile_state_created_at_idx" ON "profile"("state", "created_at");

-- CreateIndex
CREATE UNIQUE INDEX "profile_tenant_network_device_kind_key" ON "profile"("tenant", "network", "device_kind");
