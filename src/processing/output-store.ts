import { Injectable, Logger } from '@nestjs/common';
import { withTimeLimit } from '../config/time-limit.js';
import { ObjectStorage } from '../storage/object-storage.js';
import { ImageError } from './image-error.js';

/** A disk that is merely busy takes seconds for an object; after a minute (ms) it hangs, as a file server does that is away. */
const PUT_LIMIT = 60_000;
/** It writes a few bytes. */
const CHECK_LIMIT = 10_000;

/** Puts objects, and keeps a storage that hangs from holding the work up for ever. */
@Injectable()
export class OutputStore {
  private readonly logger = new Logger('Storage');
  /** Writes that were given up and have not ended. Each keeps its bytes, and on a local disk a thread. */
  private overdue = 0;
  private checking: Promise<void> | undefined;
  /** The last check failed. */
  private unwell = false;

  constructor(private readonly storage: ObjectStorage) {}

  /** Whether the storage took nothing and has not come back: what would be begun now could not be stored either. */
  async isAway(): Promise<boolean> {
    return (this.unwell || this.overdue > 0) && !(await this.isWell());
  }

  /** False when the storage takes nothing at all, which is no fault of this object. Throws `storage_failed` otherwise. */
  async put(key: string, bytes: Buffer, contentType: string): Promise<boolean> {
    let hasEnded = false;
    const put = this.storage.put(key, bytes, contentType).finally(() => (hasEnded = true));
    try {
      await withTimeLimit(put, PUT_LIMIT, 'it was not written');
      return true;
    } catch (cause) {
      this.logger.error(`storage refused ${key}: ${(cause as Error).message}`);
      if (!hasEnded) void this.deleteWhenPut(key, put);
      if (!(await this.isWell())) return false;
      throw new ImageError('storage_failed', 'The output could not be stored.', { cause });
    }
  }

  /** No row will ever name what was given up. */
  private async deleteWhenPut(key: string, put: Promise<void>): Promise<void> {
    this.overdue += 1;
    const isThere = await put.then(
      () => true,
      () => false,
    );
    this.overdue -= 1;
    if (!isThere) return;
    try {
      await this.storage.delete(key);
    } catch (error) {
      this.logger.warn(`${key} came too late and could not be removed: ${(error as Error).message}`);
    }
  }

  /** One check for all who ask meanwhile: while the storage hangs, each would keep a thread. */
  private async isWell(): Promise<boolean> {
    this.checking ??= this.storage.check().finally(() => (this.checking = undefined));
    this.unwell = await withTimeLimit(this.checking, CHECK_LIMIT, 'no answer').then(
      () => false,
      () => true,
    );
    return !this.unwell;
  }
}
