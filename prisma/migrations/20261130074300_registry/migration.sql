-- CreateTable
CREATE TABLE "model_version" (
    "tenant" TEXT NOT NULL,
    "model_name" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "model_id" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "model_version_pkey" PRIMARY KEY ("tenant","model_name","version")
);

-- CreateTable
CREATE TABLE "alias_rule" (
    "tenant" TEXT NOT NULL,
    "model_name" TEXT NOT NULL,
    "alias" TEXT NOT NULL,
    "requires" JSONB NOT NULL,
    "approvals" INTEGER NOT NULL,
    "not_by_author" BOOLEAN NOT NULL,

    CONSTRAINT "alias_rule_pkey" PRIMARY KEY ("tenant","model_name","alias")
);

-- CreateTable
CREATE TABLE "promotion" (
    "id" TEXT NOT NULL,
    "tenant" TEXT NOT NULL,
    "model_name" TEXT NOT NULL,
    "alias" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "model_id" TEXT NOT NULL,
    "note" TEXT NOT NULL DEFAULT '',
    "state" TEXT NOT NULL DEFAULT 'pending',
    "reason" TEXT,
    "author" TEXT,
    "forced_reason" TEXT,
    "seen_etag" TEXT,
    "evidence" JSONB NOT NULL,
    "approvals" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "promotion_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "model_version_model_id_key" ON "model_version"("model_id");

-- CreateIndex
CREATE INDEX "promotion_tenant_model_name_id_idx" ON "promotion"("tenant", "model_name", "id");

-- CreateIndex
CREATE INDEX "tag_change_tenant_model_name_tag_id_idx" ON "tag_change"("tenant", "model_name", "tag", "id");

-- AddForeignKey
ALTER TABLE "model_version" ADD CONSTRAINT "model_version_model_id_fkey" FOREIGN KEY ("model_id") REFERENCES "model"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- Models of before: numbered by name in the order of their creation.
INSERT INTO model_version (tenant, model_name, version, model_id, created_at)
SELECT tenant, name, row_number() OVER (PARTITION BY tenant, name ORDER BY created_at, id), id, created_at FROM model;

-- Whoever inserts or renames a model gets the next number of its name. The lock makes those of one name wait in line.
CREATE FUNCTION number_model() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('versions ' || NEW.tenant || ' ' || NEW.name, 0));
  UPDATE model_version SET model_id = NULL WHERE model_id = NEW.id;
  INSERT INTO model_version (tenant, model_name, version, model_id)
  SELECT NEW.tenant, NEW.name, coalesce(max(version), 0) + 1, NEW.id FROM model_version
  WHERE tenant = NEW.tenant AND model_name = NEW.name;
  RETURN NULL;
END $$;
CREATE TRIGGER model_inserted AFTER INSERT ON model FOR EACH ROW EXECUTE FUNCTION number_model();
CREATE TRIGGER model_renamed AFTER UPDATE OF name ON model FOR EACH ROW
WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION number_model();
