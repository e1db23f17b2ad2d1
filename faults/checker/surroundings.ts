import type { Evidence } from './evidence.js';

/** What a process may hold beyond its beginnings: code that was compiled, sharp's libraries, pools that are still warm. */
const MORE_MEMORY_MB = 150;
const MORE_DESCRIPTORS = 50;

export function canaryVisits({ canaryVisits: visits }: Evidence): string[] {
  return visits > 0 ? [`${visits} connections were made to where a URL must not lead`] : [];
}

export function heldTooLong({ holdings, connections, mostConnections: most }: Evidence): string[] {
  const held = holdings.flatMap(({ process, before, after }) => [
    ...(after.rssMb > before.rssMb + MORE_MEMORY_MB
      ? [`${process} holds ${Math.round(after.rssMb)} MB, at first ${Math.round(before.rssMb)} MB`]
      : []),
    ...(after.descriptors > before.descriptors + MORE_DESCRIPTORS
      ? [`${process} holds ${after.descriptors} descriptors, at first ${before.descriptors}`]
      : []),
  ]);
  return connections > most ? [...held, `${connections} connections to the database, ${most} at most`] : held;
}
