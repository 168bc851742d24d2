-- AlterTable
ALTER TABLE "dataset" ADD COLUMN     "validation_count" INTEGER NOT NULL DEFAULT 0;
