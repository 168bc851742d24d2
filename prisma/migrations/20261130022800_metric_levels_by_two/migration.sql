-- Levels of 8, 16, 32 ... steps instead of 8, 64, 512 and 4,096: parts of any power of two are then read as they are kept.

-- Computes the levels of the steps `first` to `last` of a series anew: level 3 from the points, every other level from the
-- one before it. What a repeated attempt has overwritten is then gone from them too. The last level is the first whose one
-- bucket holds the whole series.
-- `has_odd`: whether values that are not finite are among the steps, which may leave a bucket without any value.
CREATE OR REPLACE FUNCTION keep_metric_levels(job TEXT, series TEXT, of_stage INTEGER, first INTEGER, last INTEGER, has_odd BOOLEAN)
RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
  kept INTEGER := coalesce((SELECT max(level) FROM metric_level WHERE job_id = job AND name = series AND stage = of_stage), 3);
  from_step INTEGER;
BEGIN
  IF has_odd THEN
    DELETE FROM metric_level WHERE job_id = job AND name = series AND stage = of_stage
      AND bucket BETWEEN first >> level AND last >> level;
  END IF;
  INSERT INTO metric_level
  SELECT job, series, of_stage, 3, bucket, (low).step, (low).value, (low).attempt, (low).at,
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
  FOR upper IN 4..greatest(kept, length(ltrim(last::bit(32)::text, '0'))) LOOP
    -- A level that no bucket was kept of is made of all steps of the series.
    from_step := CASE WHEN upper > kept THEN 0 ELSE first END;
    INSERT INTO metric_level
    SELECT job, series, of_stage, upper, at_bucket, (low).low_step, (low).low_value, (low).low_attempt, (low).low_at,
      (high).high_step, (high).high_value, (high).high_attempt, (high).high_at
    FROM (
      SELECT bucket >> 1 AS at_bucket, (array_agg(finer ORDER BY low_value, low_step))[1] AS low,
        (array_agg(finer ORDER BY high_value DESC, high_step))[1] AS high
      FROM metric_level finer WHERE job_id = job AND name = series AND stage = of_stage AND level = upper - 1
        AND bucket BETWEEN (from_step >> upper) << 1 AND ((last >> upper) << 1) + 1
      GROUP BY bucket >> 1
    ) extremes
    ON CONFLICT (job_id, name, stage, level, bucket) DO UPDATE SET
      low_step = excluded.low_step, low_value = excluded.low_value, low_attempt = excluded.low_attempt,
      low_at = excluded.low_at, high_step = excluded.high_step, high_value = excluded.high_value,
      high_attempt = excluded.high_attempt, high_at = excluded.high_at;
  END LOOP;
END $$;

DELETE FROM metric_level;
SELECT keep_metric_levels(job_id, name, stage, min(step), max(step), false) FROM metric_point GROUP BY job_id, name, stage;
