-- AlterTable
ALTER TABLE "worker" ADD COLUMN     "link" JSONB;
