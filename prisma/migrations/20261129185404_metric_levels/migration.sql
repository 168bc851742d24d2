-- CreateTable
CREATE TABLE "metric_level" (
    "job_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "stage" INTEGER NOT NULL,
    "level" INTEGER NOT NULL,
    "bucket" INTEGER NOT NULL,
    "low_step" INTEGER NOT NULL,
    "low_value" DOUBLE PRECISION NOT NULL,
    "low_attempt" INTEGER NOT NULL,
    "low_at" TIMESTAMPTZ(3) NOT NULL,
    "high_step" INTEGER NOT NULL,
    "high_value" DOUBLE PRECISION NOT NULL,
    "high_attempt" INTEGER NOT NULL,
    "high_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "metric_level_pkey" PRIMARY KEY ("job_id","name","stage","level","bucket")
);

-- CreateIndex
CREATE INDEX "metric_point_job_id_at_idx" ON "metric_point"("job_id", "at");

-- AddForeignKey
ALTER TABLE "metric_level" ADD CONSTRAINT "metric_level_job_id_fkey" FOREIGN KEY ("job_id") REFERENCES "job"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Computes the levels of the steps `first` to `last` of a series anew: level 1 from the points, every other level from the
-- one before it. What a repeated attempt has overwritten is then gone from them too.
-- `has_odd`: whether values that are not finite are among the steps, which may leave a bucket without any value.
CREATE FUNCTION keep_metric_levels(job TEXT, series TEXT, of_stage INTEGER, first INTEGER, last INTEGER, has_odd BOOLEAN)
RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
  IF has_odd THEN
    DELETE FROM metric_level kept WHERE kept.job_id = job AND kept.name = series AND kept.stage = of_stage
      AND kept.bucket BETWEEN first >> (3 * kept.level) AND last >> (3 * kept.level);
  END IF;
  INSERT INTO metric_level
  SELECT job, series, of_stage, 1, bucket, (low).step, (low).value, (low).attempt, (low).at,
    (high).step, (high).value, (high).attempt, (high).at
  FROM (
    SELECT step >> 3 AS bucket, (array_agg(point ORDER BY value, step))[1] AS low,
      (array_agg(point ORDER BY value DESC, step))[1] AS high
    FROM metric_point point WHERE job_id = job AND name = series AND stage = of_stage
      AND step BETWEEN (first >> 3) << 3 AND ((last >> 3) << 3) + 7
      AND value > '-Infinity' AND value < 'Infinity'
    GROUP BY step >> 3
  ) extremes
  ON CONFLICT (job_id, name, stage, level, bucket) DO UPDATE SET
    low_step = excluded.low_step, low_value = excluded.low_value, low_attempt = excluded.low_attempt,
    low_at = excluded.low_at, high_step = excluded.high_step, high_value = excluded.high_value,
    high_attempt = excluded.high_attempt, high_at = excluded.high_at;
  FOR upper IN 2..4 LOOP
    INSERT INTO metric_level
    SELECT job, series, of_stage, upper, at_bucket, (low).low_step, (low).low_value, (low).low_attempt, (low).low_at,
      (high).high_step, (high).high_value, (high).high_attempt, (high).high_at
    FROM (
      SELECT bucket >> 3 AS at_bucket, (array_agg(finer ORDER BY low_value, low_step))[1] AS low,
        (array_agg(finer ORDER BY high_value DESC, high_step))[1] AS high
      FROM metric_level finer WHERE job_id = job AND name = series AND stage = of_stage AND level = upper - 1
        AND bucket BETWEEN (first >> (3 * upper)) << 3 AND ((last >> (3 * upper)) << 3) + 7
      GROUP BY bucket >> 3
    ) extremes
    ON CONFLICT (job_id, name, stage, level, bucket) DO UPDATE SET
      low_step = excluded.low_step, low_value = excluded.low_value, low_attempt = excluded.low_attempt,
      low_at = excluded.low_at, high_step = excluded.high_step, high_value = excluded.high_value,
      high_attempt = excluded.high_attempt, high_at = excluded.high_at;
  END LOOP;
END $$;

-- Writers of one job take turns until their commit: two that write into one bucket would each miss the points of the other.
CREATE FUNCTION lock_metrics(job TEXT) RETURNS VOID LANGUAGE sql AS
$$ SELECT pg_advisory_xact_lock(hashtextextended('metrics of ' || job, 0)) $$;

CREATE FUNCTION keep_written_metric_levels() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  PERFORM lock_metrics(job_id) FROM (SELECT DISTINCT job_id FROM written ORDER BY job_id) jobs;
  PERFORM keep_metric_levels(job_id, name, stage, min(step), max(step),
    bool_or(value = 'NaN' OR value = 'Infinity' OR value = '-Infinity'))
  FROM written GROUP BY job_id, name, stage;
  RETURN NULL;
END $$;

CREATE TRIGGER metric_point_inserted AFTER INSERT ON metric_point REFERENCING NEW TABLE AS written
FOR EACH STATEMENT EXECUTE FUNCTION keep_written_metric_levels();
CREATE TRIGGER metric_point_updated AFTER UPDATE ON metric_point REFERENCING NEW TABLE AS written
FOR EACH STATEMENT EXECUTE FUNCTION keep_written_metric_levels();

SELECT keep_metric_levels(job_id, name, stage, min(step), max(step), false) FROM metric_point GROUP BY job_id, name, stage;
