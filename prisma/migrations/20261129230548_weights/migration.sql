-- CreateTable
CREATE TABLE "weights" (
    "id" TEXT NOT NULL,
    "tenant" TEXT NOT NULL,
    "name" TEXT NOT NULL DEFAULT '',
    "layout" TEXT NOT NULL,
    "network" JSONB NOT NULL,
    "channels" INTEGER NOT NULL,
    "classes" INTEGER NOT NULL,
    "class_names" JSONB,
    "sha256" TEXT NOT NULL,
    "size_bytes" BIGINT NOT NULL,
    "source" TEXT NOT NULL,
    "uri" TEXT NOT NULL,
    "stored_bytes" BIGINT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "weights_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "weights_tenant_id_idx" ON "weights"("tenant", "id");

-- CreateIndex
CREATE INDEX "weights_uri_idx" ON "weights"("uri");
