-- AlterTable
ALTER TABLE "job" ADD COLUMN     "tenant" TEXT NOT NULL DEFAULT 'default';

-- AlterTable
ALTER TABLE "idempotency_key" DROP CONSTRAINT "idempotency_key_pkey",
ADD COLUMN     "tenant" TEXT NOT NULL DEFAULT 'default',
ADD CONSTRAINT "idempotency_key_pkey" PRIMARY KEY ("tenant", "key");

-- CreateIndex
CREATE INDEX "job_tenant_id_idx" ON "job"("tenant", "id");
