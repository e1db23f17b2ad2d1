import { Client } from 'pg';

/**
 * Triggers that write down every step of an image or a request that concerns an end: the one into it, and every one
 * that touches what has already ended. `run` is the request's at that moment.
 */
const AUDIT = `
  CREATE TABLE faults_audit (
    id bigint GENERATED ALWAYS AS IDENTITY, request_id uuid, position integer, run integer,
    before text, after text, same_object boolean);

  CREATE FUNCTION faults_audit_image() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO faults_audit (request_id, position, run, before, after, same_object)
    SELECT NEW.request_id, NEW.position, (SELECT run FROM processing_request WHERE id = NEW.request_id),
      OLD.status, NEW.status, OLD.object_key IS NOT DISTINCT FROM NEW.object_key;
    RETURN NULL;
  END $$;
  CREATE TRIGGER faults_audit AFTER UPDATE ON product_image FOR EACH ROW
    WHEN (OLD.status <> 'pending' OR NEW.status <> 'pending') EXECUTE FUNCTION faults_audit_image();

  CREATE FUNCTION faults_audit_request() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO faults_audit (request_id, run, before, after) SELECT NEW.id, NEW.run, OLD.status, NEW.status;
    RETURN NULL;
  END $$;
  CREATE TRIGGER faults_audit AFTER UPDATE ON processing_request FOR EACH ROW
    WHEN (OLD.status <> NEW.status AND (OLD.status NOT IN ('pending', 'processing') OR NEW.status NOT IN ('pending', 'processing')))
    EXECUTE FUNCTION faults_audit_request()`;

/** One step that concerns an end; without a position it is the request's. */
export interface AuditedStep {
  requestId: string;
  position: number | null;
  run: number;
  before: string;
  after: string;
  sameObject: boolean | null;
}

export async function installAudit(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(AUDIT);
  } finally {
    await client.end();
  }
}
