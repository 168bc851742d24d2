-- AlterTable
ALTER TABLE "task" ADD COLUMN     "replica" INTEGER;

-- Jobs of before train, or trained, their end-to-end phase on one device.
UPDATE "job" SET "spec" = jsonb_set("spec", '{method,end_to_end_replicas}', '1')
WHERE "spec" ? 'method' AND NOT "spec" -> 'method' ? 'end_to_end_replicas';
