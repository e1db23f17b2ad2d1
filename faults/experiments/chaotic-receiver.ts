import type { ServerResponse } from 'node:http';
import type { Experiment } from '../experiment.js';
import type { House } from '../house.js';
import { answerWith, type Answer } from '../receiver.js';
import { waitFor } from '../wait-for.js';

const IMAGES = 6;
const HUGE = Buffer.alloc(65_536, 'x');

/** The first attempts of an event are answered so, all further ones with 204. */
const atFirst =
  (times: number, answer: Answer): Answer =>
  (response, attempt) =>
    attempt <= times ? answer(response, attempt) : answerWith(204)(response, attempt);

/** Has taken the event, and says so too late. */
const silent: Answer = () => undefined;

const huge: Answer = (response: ServerResponse) => {
  response.writeHead(200);
  const fill = (): void => {
    while (!response.destroyed && response.write(HUGE)) continue;
  };
  response.on('drain', fill);
  fill();
  return 200;
};

export const chaoticReceiver: Experiment = {
  name: 'chaotic-receiver',
  about:
    'receivers that fail, time out after they have processed, redirect, answer without end, rotate their secret, are gone',
  async run(house) {
    const { receiver, origin } = house.parts;
    origin.delayMs = 20;
    await house.start();
    const elsewhere = { location: `http://127.0.0.1:${origin.canaryPort}/` };
    const answers: Record<string, Answer> = {
      failing: atFirst(3, answerWith(500)),
      late: atFirst(2, silent),
      redirecting: atFirst(1, answerWith(302, elsewhere)),
      huge,
      busy: atFirst(1, answerWith(429, { 'retry-after': '1' })),
      gone: answerWith(410),
      rotating: atFirst(3, answerWith(503)),
    };
    for (const [name, answer] of Object.entries(answers)) {
      receiver.url(name, answer);
      await house.upload(name, IMAGES);
      house.fault(`receiver: ${name}`);
    }
    house.uploads.find(({ name }) => name === 'gone')!.mayMissEvents = true;
    await rotateSecret(house);
  },
  async verify(house) {
    const gone = house.parts.receiver.postsAt('gone');
    house.expect(gone.length === 1, `a receiver that answered 410 got ${gone.length} POSTs`);
    const late = house.parts.receiver.postsAt('late');
    house.expect(late.length >= 3, `a receiver that timed out twice got ${late.length} POSTs`);
  },
};

/** While its event is on the way: from then on both secrets sign. */
async function rotateSecret(house: House): Promise<void> {
  const upload = house.uploads.find(({ name }) => name === 'rotating')!;
  const arrived = async (): Promise<boolean> => house.parts.receiver.postsAt('rotating').length > 0;
  await waitFor('the first POST to the receiver that rotates', arrived, 30_000);
  const { data } = await house.api.get<{ data: { webhook_id: string }[] }>(
    `/api/webhooks?request_id=${upload.requestId}`,
  );
  const { secret } = await house.api.post(`/api/webhooks/${data[0]!.webhook_id}/rotate-secret`);
  upload.secrets.push(secret as string);
}
