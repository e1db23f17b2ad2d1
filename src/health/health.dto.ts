import { ApiProperty } from '@nestjs/swagger';

export class LiveBody {
  @ApiProperty({ enum: ['ok'] })
  status: 'ok';
}

export class HealthBody {
  /** `stopping` after SIGTERM, while work is finished. */
  @ApiProperty({ enum: ['ok', 'unavailable', 'stopping'] })
  status: 'ok' | 'unavailable' | 'stopping';

  /**
   * What each part says: `ok`, or what is wrong with it.
   * @example { "database": "ok", "queue": "ok", "storage": "ok" }
   */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' } })
  checks: Record<string, string>;
}
