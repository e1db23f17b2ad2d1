/** What the operation answers; undefined when it fails with this error code, such as `ENOENT`. Other errors stay errors. */
export async function unlessCode<T>(code: string, operation: Promise<T>): Promise<T | undefined> {
  try {
    return await operation;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === code) return undefined;
    throw error;
  }
}
