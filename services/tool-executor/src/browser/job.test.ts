import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TextReference } from '@troupe/contracts';
import { createEgressGuard } from '../egress/guard.ts';
import { parseAllowed } from '../policy/egress.ts';
import { browserPids, testChromium } from '../test-support/chromium.ts';
import { until } from '../test-support/until.ts';
import type { World } from '../test-support/world.ts';
import { page, startWorld } from '../test-support/world.ts';
import { ToolError } from '../tool.ts';
import type { JobMeans, JobReport } from './job.ts';
import { runJob } from './job.ts';
import { SharedBrowser } from './shared-browser.ts';
import { Slots } from './slots.ts';
import type { Step } from './steps.ts';

let world: World;
let browser: SharedBrowser;
let means: JobMeans;
const pictures: Uint8Array[] = [];

before(async () => {
  world = await startWorld({
    '/computed': page(
      '<div id=value></div><script>setTimeout(() => { value.textContent = 6 * 7 * 1000 + 1 }, 300)</script>',
    ),
    '/form': page(
      '<form action=/sent method=post><input name=name><input type=checkbox name=sure><button>Send</button></form>',
    ),
    '/sent': ({ body }, response) => page(`<p id=got>${body}</p>`)({} as never, response),
    '/links': page('<a href=/computed>on</a><p class=item>one</p><p class=item>two</p><p id=empty></p>'),
    '/long': page('<p id=long></p><script>long.textContent = "x".repeat(30000)</script>'),
    '/slow': () => undefined,
    '/crash': page('<script>setInterval(() => 0, 10)</script><p>still here</p>'),
  });
  browser = new SharedBrowser(await testChromium());
  means = {
    browser,
    guard: createEgressGuard({
      allowed: parseAllowed(`127.0.0.1:${world.port}`),
      resolve: () => Promise.resolve([]),
    }),
    slots: new Slots(2),
    stepTimeoutMs: 4_000,
    jobTimeoutMs: 20_000,
  };
});

after(async () => {
  await browser[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
  assert.deepEqual(browserPids(), [], 'no browser outlives its owner');
});

const save = (png: Uint8Array): Promise<TextReference> => {
  pictures.push(png);
  return Promise.resolve({ ref: 'ann/0', bytes: png.length, sha256: '0'.repeat(64) });
};

const visit = (path: string, steps: Step[] = [], changed: Partial<JobMeans & { signal: AbortSignal }> = {}) =>
  runJob(
    { ...means, ...changed },
    { url: `${world.url}${path}`, steps, save, signal: changed.signal ?? new AbortController().signal },
  );

const textsOf = ({ extracts }: JobReport): string[] => extracts.map(({ text }) => text);

async function failureOf(job: Promise<unknown>): Promise<ToolError> {
  const error = await job.then(
    () => assert.fail('the job succeeded'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ToolError, String(error));
  return error;
}

test('A value that a script puts into the page later is extracted, under the name that the step gives it.', async () => {
  const report = await visit('/computed', [{ action: 'extract', selector: '#value', name: 'total' }]);
  assert.deepEqual(report.extracts, [{ name: 'total', text: '42001' }]);
  assert.equal(report.title, 'A page');
  assert.equal(report.url, `${world.url}/computed`);
});

test('A form is filled in and sent, and the page behind it is read.', async () => {
  const report = await visit('/form', [
    { action: 'fill', selector: 'input[name=name]', value: 'Ann' },
    { action: 'extract', selector: 'input[name=name]' },
    { action: 'click', selector: 'button' },
    { action: 'extract', selector: '#got' },
  ]);
  assert.deepEqual(textsOf(report), ['Ann', 'name=Ann']);
  assert.equal(report.url, `${world.url}/sent`);
});

test('A step after a click sees the page that the click led to.', async () => {
  const report = await visit('/links', [
    { action: 'click', selector: 'a' },
    { action: 'extract', selector: 'body' },
  ]);
  assert.deepEqual(textsOf(report), ['42001']);
});

test('All elements that match are extracted, and one that stays empty is an empty text.', async () => {
  const report = await visit(
    '/links',
    [
      { action: 'extract', selector: '.item' },
      { action: 'extract', selector: '#empty' },
    ],
    { stepTimeoutMs: 500 },
  );
  assert.deepEqual(textsOf(report), ['one\ntwo', '']);
});

test('A text of more than 20,000 characters is cut, and the output says so.', async () => {
  const { extracts } = await visit('/long', [{ action: 'extract', selector: '#long' }]);
  assert.deepEqual(
    extracts.map(({ text, truncated }) => [text.length, truncated]),
    [[20_000, true]],
  );
});

test('A screenshot is a PNG that is handed over to be stored; the report holds its reference alone.', async () => {
  const report = await visit('/links', [{ action: 'screenshot' }]);
  const picture = pictures.at(-1);
  assert.deepEqual([...(picture?.subarray(0, 4) ?? [])], [0x89, 0x50, 0x4e, 0x47]);
  assert.deepEqual(report.screenshots, [{ ref: 'ann/0', bytes: picture?.length, sha256: '0'.repeat(64) }]);
});

test('Jobs share nothing: what one page stores, the next job does not find.', async () => {
  await using cookies = await startWorld({
    '/': (seen, response) => {
      response.setHeader('set-cookie', 'who=ann');
      page(`<p id=seen>${seen.headers.cookie ?? 'stranger'}</p>`)(seen, response);
    },
  });
  const guard = createEgressGuard({
    allowed: parseAllowed(`127.0.0.1:${cookies.port}`),
    resolve: () => Promise.resolve([]),
  });
  for (let time = 0; time < 2; time += 1) {
    const report = await runJob(
      { ...means, guard },
      {
        url: cookies.url,
        steps: [{ action: 'extract', selector: '#seen' }],
        save,
        signal: new AbortController().signal,
      },
    );
    assert.deepEqual(textsOf(report), ['stranger']);
  }
});

test('A selector that never matches fails within the step time, names the step, and advises.', async () => {
  const { failure, retryable } = await failureOf(
    visit('/links', [{ action: 'extract', selector: '#nowhere' }], { stepTimeoutMs: 300 }),
  );
  assert.equal(failure.code, 'step_timeout');
  assert.match(failure.message, /Step 1 \(extract `#nowhere`\)/);
  assert.match(failure.hint, /selector/);
  assert.equal(retryable, false);
});

test('A selector that is no selector fails at once and says so.', async () => {
  const { failure } = await failureOf(visit('/links', [{ action: 'extract', selector: 'p[' }]));
  assert.equal(failure.code, 'step_failed');
});

test('A page that never answers ends with the step time.', async () => {
  const { failure, retryable } = await failureOf(visit('/slow', [], { stepTimeoutMs: 300 }));
  assert.equal(failure.code, 'step_timeout');
  assert.equal(retryable, true);
});

test('A job that takes longer than it may is stopped; after a click its outcome is unknown.', async () => {
  const waits: Step[] = [{ action: 'extract', selector: '#nowhere' }];
  const looked = await failureOf(visit('/links', waits, { jobTimeoutMs: 800 }));
  assert.deepEqual([looked.failure.code, looked.outcome], ['job_timeout', 'not_done']);
  const clicked = await failureOf(
    visit('/links', [{ action: 'click', selector: 'a' }, ...waits], { jobTimeoutMs: 1_500 }),
  );
  assert.deepEqual([clicked.failure.code, clicked.outcome], ['job_timeout', 'unknown']);
});

test('A page that nobody serves is unreachable, with the reason.', async () => {
  const gone = await startWorld({});
  await gone[Symbol.asyncDispose]();
  const guard = createEgressGuard({
    allowed: parseAllowed(`127.0.0.1:${gone.port}`),
    resolve: () => Promise.resolve([]),
  });
  for (const scheme of ['http', 'https']) {
    const { failure, retryable } = await failureOf(
      runJob(
        { ...means, guard },
        { url: `${scheme}://127.0.0.1:${gone.port}/`, steps: [], save, signal: new AbortController().signal },
      ),
    );
    assert.equal(failure.code, 'host_unreachable');
    assert.match(failure.message, /ECONNREFUSED/);
    assert.equal(retryable, true);
  }
});

test('An aborted job ends with the reason of its signal, and leaves its place to the next.', async () => {
  const slots = new Slots(1);
  const controller = new AbortController();
  const job = visit('/slow', [], { slots, signal: controller.signal });
  const line = visit('/links', [], { slots });
  setTimeout(() => controller.abort(new Error('enough')), 300);
  await assert.rejects(job, /enough/);
  assert.equal((await line).title, 'A page');
});

test('A browser that is killed under a job that only looks is replaced, and the job is done.', async () => {
  const job = visit('/computed', [
    { action: 'extract', selector: '#value' },
    { action: 'extract', selector: '#empty, #value' },
  ]);
  const killed = await killBrowserAtVisit('/computed');
  assert.deepEqual(textsOf(await job), ['42001', '42001']);
  assert.ok(!browserPids().includes(killed));
});

test('A browser that is killed after a click leaves an unknown outcome, and the next job works.', async () => {
  const job = failureOf(
    visit('/form', [
      { action: 'click', selector: 'button' },
      { action: 'extract', selector: '#never' },
    ]),
  );
  await killBrowserAtVisit('/sent');
  const error = await job;
  assert.deepEqual([error.failure.code, error.outcome], ['browser_crashed', 'unknown']);
  assert.equal((await visit('/links')).title, 'A page');
});

test('Without a browser the job fails with browser_missing and the fix.', async () => {
  for (const executable of [undefined, '/nowhere/chromium']) {
    const { failure } = await failureOf(visit('/links', [], { browser: new SharedBrowser(executable) }));
    assert.equal(failure.code, 'browser_missing');
    assert.match(failure.hint, /CHROMIUM_PATH/);
  }
});

/** Waits until the page was asked for once more, and kills the browser in the middle of it. */
async function killBrowserAtVisit(path: string): Promise<number> {
  const count = (): number => world.visits.filter((seen) => seen.path === path).length;
  const known = count();
  await until(`${path} is visited`, () => count() > known);
  const [pid] = browserPids();
  assert.ok(pid !== undefined);
  process.kill(pid, 'SIGKILL');
  return pid;
}
