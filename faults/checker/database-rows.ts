import type { House } from '../house.js';

export interface RequestRow {
  id: string;
  status: string;
  run: number;
  imageCount: number;
  completed: number;
  failed: number;
  inputBytes: number;
  outputBytes: number;
  deleted: boolean;
}

export interface ImageRow {
  requestId: string;
  position: number;
  url: string;
  status: string;
  attempts: number;
  key: string | null;
  original: number | null;
  compressed: number | null;
  sha256: string | null;
  error: string | null;
}

export interface SliceRow {
  requestId: string;
  run: number;
  number: number;
  state: string;
}

export interface EventRow {
  id: string;
  requestId: string;
  run: number;
  type: string;
}

export interface DeliveryRow {
  eventId: string;
  requestId: string;
  status: string;
  /** Of the endpoint. */
  url: string;
}

export interface DatabaseRows {
  requests: RequestRow[];
  images: ImageRow[];
  slices: SliceRow[];
  events: EventRow[];
  deliveries: DeliveryRow[];
}

export async function readDatabase(house: House): Promise<DatabaseRows> {
  return {
    requests: await house.look<RequestRow>(
      `SELECT id, status, run, image_count AS "imageCount", completed_count AS completed, failed_count AS failed,
         input_bytes::int AS "inputBytes", output_bytes::int AS "outputBytes", deleted_at IS NOT NULL AS deleted
       FROM processing_request ORDER BY id`,
    ),
    images: await house.look<ImageRow>(
      `SELECT request_id AS "requestId", position, source_url AS url, status, attempts, object_key AS key,
         original_size AS original, compressed_size AS compressed, encode(sha256, 'hex') AS sha256, error_code AS error
       FROM product_image ORDER BY request_id, position`,
    ),
    slices: await house.look<SliceRow>(`SELECT request_id AS "requestId", run, number, state FROM slice`),
    events: await house.look<EventRow>(
      `SELECT id, request_id AS "requestId", run, type FROM webhook_event WHERE request_id IS NOT NULL`,
    ),
    deliveries: await house.look<DeliveryRow>(
      `SELECT event_id AS "eventId", event.request_id AS "requestId", delivery.status, endpoint.url
       FROM webhook_delivery AS delivery
       JOIN webhook_event AS event ON event.id = event_id JOIN webhook_endpoint AS endpoint ON endpoint.id = endpoint_id`,
    ),
  };
}
