-- AlterTable
ALTER TABLE "job" ADD COLUMN     "traceparent" TEXT;

-- AlterTable
ALTER TABLE "worker" ADD COLUMN     "metrics" JSONB NOT NULL DEFAULT '[]';

-- CreateTable
CREATE TABLE "dispatcher" (
    "id" TEXT NOT NULL,
    "host" TEXT NOT NULL,
    "pid" INTEGER NOT NULL,
    "loops" JSONB NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "heartbeat_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "dispatcher_pkey" PRIMARY KEY ("id")
);
