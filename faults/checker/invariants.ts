import type { Evidence } from './evidence.js';
import { eventsThatAreWrong, postsThatAreWrong } from './events.js';
import {
  endsThatWereLeft,
  imagesThatAreMissing,
  unfinishedWork,
  wrongCounters,
  wrongEnds,
} from './images.js';
import { wrongObjects } from './objects.js';
import { wrongOutputs } from './outputs.js';
import { canaryVisits, heldTooLong } from './surroundings.js';

export interface Invariant {
  id: string;
  /** What always holds once everything is quiet. */
  holds: string;
  /** Sentences about what breaks it; none when it holds. */
  breaches: (evidence: Evidence) => string[];
}

/** What always holds, as in the design, whatever was done to the service before. */
export const INVARIANTS: Invariant[] = [
  { id: 'I1', holds: 'every accepted URL has exactly one image row', breaches: imagesThatAreMissing },
  { id: 'I2', holds: 'the counters equal the rows', breaches: wrongCounters },
  { id: 'I3', holds: 'one terminal state in a run, never left', breaches: endsThatWereLeft },
  {
    id: 'I4',
    holds: 'one event per request, run and type, and only when it ended so',
    breaches: eventsThatAreWrong,
  },
  { id: 'I5', holds: 'nothing stays pending', breaches: unfinishedWork },
  {
    id: 'I6',
    holds: 'completed if and only if its object is there and whole; no orphans',
    breaches: wrongObjects,
  },
  {
    id: 'I7',
    holds: 'an event is always the same bytes, signed, and reaches its receiver',
    breaches: postsThatAreWrong,
  },
  { id: 'I8', holds: 'the n-th output answers the n-th input', breaches: wrongOutputs },
  { id: 'I9', holds: 'nobody is led where nobody may go', breaches: canaryVisits },
  {
    id: 'I10',
    holds: 'memory, descriptors and connections return to their base line',
    breaches: heldTooLong,
  },
  { id: 'ends', holds: 'every image ends as its origin lets it', breaches: wrongEnds },
];
