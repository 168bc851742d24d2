-- AlterTable
ALTER TABLE "evaluation" ADD COLUMN     "slices" TEXT[] DEFAULT ARRAY[]::TEXT[];

-- AlterTable
ALTER TABLE "dataset" ADD COLUMN     "metadata" JSONB NOT NULL DEFAULT '[]';
