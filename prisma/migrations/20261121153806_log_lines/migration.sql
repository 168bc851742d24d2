-- AlterTable
ALTER TABLE "job" ADD COLUMN     "log_seq" INTEGER NOT NULL DEFAULT 0;

-- CreateTable
CREATE TABLE "log_line" (
    "job_id" TEXT NOT NULL,
    "seq" INTEGER NOT NULL,
    "task" TEXT NOT NULL,
    "attempt" INTEGER NOT NULL,
    "number" INTEGER NOT NULL,
    "stream" TEXT NOT NULL,
    "text" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "log_line_pkey" PRIMARY KEY ("job_id","seq")
);

-- CreateIndex
CREATE UNIQUE INDEX "log_line_job_id_task_attempt_number_key" ON "log_line"("job_id", "task", "attempt", "number");

-- AddForeignKey
ALTER TABLE "log_line" ADD CONSTRAINT "log_line_job_id_fkey" FOREIGN KEY ("job_id") REFERENCES "job"("id") ON DELETE CASCADE ON UPDATE CASCADE;
