/** Loaded into a process before all else (`node --import`): its clock is wrong by FAULTS_CLOCK_MS. */
const shiftMs = Number(process.env.FAULTS_CLOCK_MS);
const RightDate = Date;

globalThis.Date = class extends RightDate {
  constructor(...given: unknown[]) {
    if (given.length === 0) super(RightDate.now() + shiftMs);
    else super(...(given as [number]));
  }

  static override now(): number {
    return RightDate.now() + shiftMs;
  }
} as DateConstructor;
