-- CreateTable
CREATE TABLE "sweep" (
    "id" TEXT NOT NULL,
    "tenant" TEXT NOT NULL,
    "name" TEXT NOT NULL DEFAULT '',
    "metadata" JSONB NOT NULL,
    "spec" JSONB NOT NULL,
    "refused" INTEGER NOT NULL DEFAULT 0,
    "refusal" TEXT,
    "drawn" INTEGER NOT NULL DEFAULT 0,
    "paused_at" TIMESTAMPTZ(3),
    "ended" TEXT,
    "refit_job_id" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "sweep_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "sweep_trial" (
    "sweep_id" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "repeat" INTEGER NOT NULL,
    "parameters" JSONB NOT NULL,
    "seed" DOUBLE PRECISION NOT NULL,
    "steps" INTEGER NOT NULL,
    "job" JSONB NOT NULL,
    "refit" JSONB,
    "state" TEXT NOT NULL DEFAULT 'waiting',
    "held" BOOLEAN NOT NULL DEFAULT false,
    "rungs" JSONB NOT NULL DEFAULT '[]',
    "rung" INTEGER NOT NULL DEFAULT 0,
    "job_id" TEXT,
    "value" DOUBLE PRECISION,
    "seconds" DOUBLE PRECISION,

    CONSTRAINT "sweep_trial_pkey" PRIMARY KEY ("sweep_id","number","repeat")
);

-- CreateIndex
CREATE INDEX "sweep_tenant_id_idx" ON "sweep"("tenant", "id");

-- CreateIndex
CREATE INDEX "sweep_unfinished_idx" ON "sweep"("id") WHERE (finished_at IS NULL);

-- CreateIndex
CREATE INDEX "sweep_trial_job_id_idx" ON "sweep_trial"("job_id");

-- AddForeignKey
ALTER TABLE "sweep_trial" ADD CONSTRAINT "sweep_trial_sweep_id_fkey" FOREIGN KEY ("sweep_id") REFERENCES "sweep"("id") ON DELETE CASCADE ON UPDATE CASCADE;
