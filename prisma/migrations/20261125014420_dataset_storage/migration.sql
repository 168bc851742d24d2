-- AlterTable
ALTER TABLE "dataset" ADD COLUMN     "storage" TEXT NOT NULL DEFAULT 'pixels';
