/**
 * Where output images are kept. The class is the injection token; a driver implements it for one kind of storage.
 *
 * Keys are those of `objectKey()` and nothing else: a driver refuses any other text.
 */
export abstract class ObjectStorage {
  /** Visible under its key only when whole and durable. On any trouble it throws, and nothing stays behind. */
  abstract put(key: string, bytes: Buffer, contentType: string): Promise<void>;

  /** Removes one object; it is no error when it is not there. */
  abstract delete(key: string): Promise<void>;

  /**
   * Removes everything of a request (`prefix` is its id and a slash). When it throws, also because of `aborting`, calling
   * it again goes on.
   */
  abstract deletePrefix(prefix: string, aborting?: AbortSignal): Promise<void>;

  /** The keys of the objects of a request's positions, both ends included. Rarely asked for: it may take a while. */
  abstract keysBetween(requestId: string, firstPosition: number, lastPosition: number): Promise<string[]>;

  /**
   * The absolute URL under which anyone can read the object; it holds no comma and no space. `publicUrl` is the
   * service's own prefix, as the request was given it, for storage that the service serves itself.
   */
  abstract urlFor(key: string, publicUrl: string): string;

  /** Bytes that there is room for; undefined when there is no end to it, or nobody knows. */
  abstract freeBytes(): Promise<number | undefined>;

  /** Whether an object could be written now. Throws an Error with one plain sentence when not. */
  abstract check(): Promise<void>;
}
