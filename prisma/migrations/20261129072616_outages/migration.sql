-- AlterTable
ALTER TABLE "task" ADD COLUMN     "outages" INTEGER NOT NULL DEFAULT 0;

-- AlterTable
ALTER TABLE "dataset_import" ADD COLUMN     "outages" INTEGER NOT NULL DEFAULT 0;
