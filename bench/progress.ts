/** A line about how far it is; on standard error, so that the figures can be sent elsewhere. */
export function progress(text: string): void {
  process.stderr.write(`… ${text}\n`);
}
