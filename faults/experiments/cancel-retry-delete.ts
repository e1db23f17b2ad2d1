import type { Experiment } from '../experiment.js';
import type { House } from '../house.js';
import type { Upload } from '../upload.js';

const IMAGES = 50;

type Action = 'cancel' | 'retry' | 'delete';

/** What is done to each catalogue, while it is worked on and workers die. */
const PLANS: Record<string, { actions: Action[]; fate: Upload['fate'] }> = {
  finished: { actions: ['cancel', 'retry'], fate: 'finished' },
  again: { actions: ['cancel', 'retry', 'cancel', 'retry'], fate: 'finished' },
  cancelled: { actions: ['cancel', 'retry', 'cancel'], fate: 'cancelled' },
  removed: { actions: ['cancel', 'retry', 'cancel', 'delete'], fate: 'gone' },
  'removed-at-once': { actions: ['cancel', 'delete'], fate: 'gone' },
};

export const cancelRetryDelete: Experiment = {
  name: 'cancel-retry-delete',
  about: 'requests are cancelled, retried and removed while they are worked on and workers are killed',
  async run(house) {
    const { random, workers, origin } = house.parts;
    origin.delayMs = 400;
    await house.start();
    const over = new AbortController();
    const acting = Promise.all(Object.keys(PLANS).map((name) => actOn(house, name))).finally(() =>
      over.abort(),
    );
    while (!over.signal.aborted) {
      await random.pause(700, 1500);
      house.kill(random.pick(workers));
    }
    await acting;
  },
};

async function actOn(house: House, name: string): Promise<void> {
  const { actions, fate } = PLANS[name]!;
  const upload = await house.upload(name, IMAGES);
  upload.fate = fate;
  for (const action of actions) {
    await house.parts.random.pause(500, 1500);
    const answer = await house.api.act(upload.requestId!, action);
    house.fault(action);
    // An answer that got lost may have been a yes; then the repeated call finds it done.
    house.expect(/^(202|204|404|409)/.test(answer), `${action} of ${name}: ${answer}`);
  }
}
