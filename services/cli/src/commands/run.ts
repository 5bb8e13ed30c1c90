// `troupe run`: asks for a run and waits for its result. Whoever stops waiting stops nothing.
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import type { StoredEvent, WorkflowKey } from '@troupe/contracts';
import { JsonObject, WorkflowRequest } from '@troupe/contracts';
import { openClient, runWorkflow } from '../client.ts';
import type { Command, Given } from '../command.ts';
import { UsageError } from '../command.ts';
import { readConfig } from '../config.ts';
import { EXIT } from '../exit-codes.ts';
import { USER, userOf, waiting, workflowOf } from '../flags.ts';
import { named, showResult } from '../outcome.ts';
import { progressLine } from '../progress.ts';
import { onOneLine, say } from '../terminal.ts';

/** A little more than the deadline of a run, at which it ends by itself. */
const WAIT_SECONDS = { min: 1, max: 86_400, byDefault: 960 };
const SILENCE_MS = 5_000;

export const run: Command = {
  name: 'run',
  says: 'asks for a run and waits for its result',
  argument: '"<goal>"',
  flags: {
    follow: { says: 'tell on stderr what happens' },
    json: { says: 'print the whole result as one line of JSON' },
    user: { ...USER, says: 'who asks (default: local)' },
    'workflow-id': { value: 'id', says: "the run's id; the same id again is the same run (default: made)" },
    preferences: { value: 'file', says: 'a file with a JSON object that stands in the prompt' },
    timeout: {
      value: 'seconds',
      says: `how long to wait; the run goes on (default: ${WAIT_SECONDS.byDefault})`,
    },
  },
  async run(given, interrupted) {
    const key = {
      user: userOf(given),
      workflow: workflowOf(given.text('workflow-id') ?? `run-${randomBytes(6).toString('hex')}`),
    };
    const request = await requestOf(given);
    const { seconds, signal } = waiting(given, interrupted, WAIT_SECONDS);
    await using kernel = await openClient(readConfig().NATS_URL);
    using silence = new Silence();
    const onEvent = (event: StoredEvent): void => {
      silence.end();
      refuseOther(event, request);
      const line = given.isOn('follow') ? progressLine(event, false) : undefined;
      if (line !== undefined) say(onOneLine(line));
    };
    try {
      return showResult(await runWorkflow(kernel, { ...key, request, onEvent, signal }), given.isOn('json'));
    } catch (error) {
      if (!signal.aborted) throw error;
      say(stillGoing(key, interrupted.aborted ? 'Interrupted' : `Waited ${seconds} s`));
      return interrupted.aborted ? EXIT.interrupted : EXIT.waitedTooLong;
    }
  },
};

async function requestOf(given: Given) {
  const preferences = await preferencesIn(given.text('preferences'));
  const request = { goal: given.argument, ...(preferences === undefined ? {} : { preferences }) };
  const parsed = WorkflowRequest.safeParse(request);
  if (parsed.success) return request;
  const [issue] = parsed.error.issues;
  throw new UsageError(
    `${issue?.path.join('.') ?? 'request'}: ${issue?.message ?? 'is wrong'}.`,
    'See `troupe help run`.',
  );
}

async function preferencesIn(file: string | undefined): Promise<JsonObject | undefined> {
  if (file === undefined) return undefined;
  const refused = (why: string): UsageError =>
    new UsageError(`--preferences: ${file} ${why}.`, 'Name a file that holds one JSON object.');
  const text = await readFile(file, 'utf8').catch(() => {
    throw refused('cannot be read');
  });
  try {
    return JsonObject.parse(JSON.parse(text));
  } catch {
    throw refused('does not hold a JSON object');
  }
}

/** The same id with another body is another request, which the planner refuses: its run is not this one. */
function refuseOther(event: StoredEvent, request: { goal: string; preferences?: unknown }): void {
  if (event.type !== 'workflow.requested') return;
  const { goal, preferences } = event.data;
  if (goal === request.goal.trim() && isDeepStrictEqual(preferences, request.preferences)) return;
  throw new UsageError(
    `The run ${event.workflow} of ${event.user} exists and was asked for something else.`,
    'Choose another --workflow-id.',
  );
}

const stillGoing = (key: WorkflowKey, why: string): string => `${why}. The run goes on.
  troupe result ${named(key)}     its result
  troupe cancel ${named(key)}     stops it`;

/** Says so when nobody takes the request: it waits, stored, for a planner. */
class Silence implements Disposable {
  readonly #timer = setTimeout(() => {
    say('! The request is stored, but nobody has taken it yet: is a planner running? See `troupe doctor`.');
  }, SILENCE_MS);
  end(): void {
    clearTimeout(this.#timer);
  }
  [Symbol.dispose](): void {
    this.end();
  }
}
