-- AlterTable
ALTER TABLE "job" ADD COLUMN     "selected" JSONB;
