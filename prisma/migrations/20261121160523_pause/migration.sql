-- AlterTable
ALTER TABLE "job" ADD COLUMN     "pause_requested_at" TIMESTAMPTZ(3);
