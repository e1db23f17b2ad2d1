/** Those who wait, in groups by a key. The groups take turns, one of each: who has few waiting is soon served. */
export class Turns<T> {
  /** In turn order; a group exists only while someone in it waits. */
  private readonly groups = new Map<string, Set<T>>();
  size = 0;

  add(key: string, waiter: T): void {
    const group = this.groups.get(key) ?? new Set();
    this.groups.set(key, group.add(waiter));
    this.size += 1;
  }

  /** Whose turn it is; undefined when nobody waits. */
  first(): T | undefined {
    const [group] = this.groups.values();
    return group?.values().next().value;
  }

  /** Takes out whose turn it is; the others of its group have theirs after all other groups. */
  shift(): T | undefined {
    const [entry] = this.groups;
    if (!entry) return undefined;
    const [key, group] = entry;
    const [waiter] = group;
    this.remove(key, waiter!);
    if (this.groups.delete(key)) this.groups.set(key, group);
    return waiter;
  }

  remove(key: string, waiter: T): void {
    const group = this.groups.get(key);
    if (!group?.delete(waiter)) return;
    this.size -= 1;
    if (group.size === 0) this.groups.delete(key);
  }
}
