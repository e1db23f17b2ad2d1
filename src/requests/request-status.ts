/** `pending` until the first slice is claimed; the last three are terminal: a run never leaves them. */
export const REQUEST_STATUSES = ['pending', 'processing', 'completed', 'failed', 'cancelled'] as const;
export type RequestStatus = (typeof REQUEST_STATUSES)[number];

/** What a caller sees of an image. A pending image of a cancelled request is cancelled; no row says so. */
export const IMAGE_STATUSES = ['pending', 'completed', 'failed', 'cancelled'] as const;
export type ImageStatus = (typeof IMAGE_STATUSES)[number];

export function isTerminal(status: RequestStatus): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled';
}

/** How a run ends when nothing is pending any more: with at least one image it has done its job. */
export function finalStatus(counts: { completed: number }): 'completed' | 'failed' {
  return counts.completed > 0 ? 'completed' : 'failed';
}

export function imageStatus(stored: 'pending' | 'completed' | 'failed', request: RequestStatus): ImageStatus {
  return stored === 'pending' && request === 'cancelled' ? 'cancelled' : stored;
}
