-- AlterTable
ALTER TABLE "worker" ADD COLUMN     "stream_address" TEXT;

-- CreateTable
CREATE TABLE "gang_seat" (
    "id" TEXT NOT NULL,
    "task_id" TEXT NOT NULL,
    "task_attempt" INTEGER NOT NULL,
    "runtime" JSONB NOT NULL,
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "losses" INTEGER NOT NULL DEFAULT 0,
    "due_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "lease_until" TIMESTAMPTZ(3),
    "worker_id" TEXT,
    "device" TEXT,
    "address" JSONB,
    "assignment" JSONB,
    "leaving" BOOLEAN NOT NULL DEFAULT false,
    "outcome" JSONB,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "gang_seat_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "gang_seat_task_id_idx" ON "gang_seat"("task_id");

-- CreateIndex
CREATE INDEX "gang_seat_free_idx" ON "gang_seat"("id") WHERE (worker_id IS NULL);

-- AddForeignKey
ALTER TABLE "gang_seat" ADD CONSTRAINT "gang_seat_task_id_fkey" FOREIGN KEY ("task_id") REFERENCES "task"("id") ON DELETE CASCADE ON UPDATE CASCADE;
