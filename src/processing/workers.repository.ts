import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { prepared, sql, type Runner } from '../database/sql.js';

/** A worker that was not seen for this long does not count any more. */
const ALIVE = `seen_at > now() - interval '30 s'`;

/** The worker processes alive, each a row that it keeps fresh. */
@Injectable()
export class WorkersRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** Gives the time by the database's clock. */
  async seen(id: string, slots: number): Promise<Date> {
    const [row] = await sql<{ now: Date }>(
      this.dataSource,
      `INSERT INTO worker (id, slots) VALUES ($1, $2)
       ON CONFLICT (id) DO UPDATE SET seen_at = now(), slots = $2 RETURNING clock_timestamp() AS now`,
      [id, slots],
    );
    return row!.now;
  }

  async gone(id: string): Promise<void> {
    await sql(this.dataSource, `DELETE FROM worker WHERE id = $1 OR seen_at < now() - interval '1 h'`, [id]);
  }

  /** Slices that all workers alive can work at once. */
  async slotsAlive(runner: Runner): Promise<number> {
    const [row] = await prepared<{ slots: number }>(
      runner,
      `SELECT coalesce(sum(slots), 0)::int AS slots FROM worker WHERE ${ALIVE}`,
    );
    return row!.slots;
  }
}
