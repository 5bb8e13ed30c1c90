// Whose a stored message is, where its subject alone does not say it: what came in at the door, and dead letters. Pure. Reads leniently:
// also what was refused, or was cut, is somebody's.
import { z } from 'zod';
import { parseDoorSubject, parseFiredSubject, parseLogSubject } from '@troupe/contracts';
import { CLOCK_STREAM, DOOR_STREAM, LOG_STREAM } from '@troupe/shared';
import { parseJson } from './parse-json.ts';

export interface Whose {
  readonly user: string;
  /** Undefined where the message names none. */
  readonly workflow: string | undefined;
  /** Of the message, such as `workflow.requested`. */
  readonly type: string;
}

/** Who asks at the door when neither subject nor body says so. */
const LOCAL_USER = 'local';

/**
 * Undefined for what is no message of the door, or names somebody who cannot be. `known` is what was read of the body before it was cut.
 */
export function whoseDoorMessage(
  subject: string,
  body: Uint8Array,
  known: Pick<z.infer<typeof Letter>, 'user' | 'workflow'> = {},
): Whose | undefined {
  const door = parseDoorSubject(subject);
  if (door === undefined) return undefined;
  const request = requestIn(body);
  const user = door.user ?? known.user ?? request?.user_id ?? LOCAL_USER;
  const workflow = known.workflow ?? request?.workflow_id;
  if (typeof user !== 'string') return undefined;
  return { user, workflow: typeof workflow === 'string' ? workflow : undefined, type: door.type };
}

const Letter = z.object({
  subject: z.string(),
  seq: z.int(),
  body_base64: z.string(),
  /** Whom the whole body named, where it was cut. */
  user: z.string().optional(),
  workflow: z.string().optional(),
});

export interface LetterOf extends Whose {
  /** Where the message that the letter is about is stored. */
  readonly stream: string;
  readonly seq: number;
}

/** Undefined for what is no letter (an advisory of the server, which holds nothing of anybody), or nobody's. */
export function whoseLetter(body: Uint8Array): LetterOf | undefined {
  const letter = Letter.safeParse(parseJson(body)).data;
  if (letter === undefined) return undefined;
  const { subject, seq } = letter;
  const event = parseLogSubject(subject);
  if (event !== undefined) return { ...event, stream: LOG_STREAM, seq };
  const fired = parseFiredSubject(subject);
  if (fired !== undefined) return { ...fired, type: 'timer.fired', stream: CLOCK_STREAM, seq };
  const asked = whoseDoorMessage(subject, Buffer.from(letter.body_base64, 'base64'), letter);
  return asked && { ...asked, stream: DOOR_STREAM, seq };
}

/** A bare request, or the one in a structured CloudEvent: what else such an event says is no part of it. */
function requestIn(body: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  const json = Body.safeParse(parseJson(body)).data;
  return json?.specversion === '1.0' ? Body.safeParse(json.data).data : json;
}

const Body = z.record(z.string(), z.unknown());
