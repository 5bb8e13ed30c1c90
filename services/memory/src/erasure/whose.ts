// Whose a stored message is, where its subject alone does not say it: what came in at the door, and dead letters. Pure. Reads leniently:
// also what was refused, or was cut, is somebody's.
import { z } from 'zod';
import { parseDoorSubject, parseFiredSubject, parseLogSubject } from '@troupe/contracts';
import { CLOCK_STREAM, DOOR_STREAM, LOG_STREAM } from '@troupe/shared';

export interface Whose {
  readonly user: string;
  /** Undefined where the message names none. */
  readonly workflow: string | undefined;
  /** Of the message, such as `workflow.requested`. */
  readonly type: string;
}

/** Who asks at the door when neither subject nor body says so. */
const LOCAL_USER = 'local';

/** Undefined for what is no message of the door, or names somebody who cannot be. */
export function whoseDoorMessage(subject: string, body: Uint8Array): Whose | undefined {
  const door = parseDoorSubject(subject);
  if (door === undefined) return undefined;
  const text = Buffer.from(body).toString();
  const named = (name: string): unknown => member(text, name);
  const user = door.user ?? named('user_id') ?? LOCAL_USER;
  const workflow = named('workflow_id');
  if (typeof user !== 'string') return undefined;
  return { user, workflow: typeof workflow === 'string' ? workflow : undefined, type: door.type };
}

const Letter = z.object({ subject: z.string(), seq: z.int(), body_base64: z.string() });

export interface LetterOf extends Whose {
  /** Where the message that the letter is about is stored. */
  readonly stream: string;
  readonly seq: number;
}

/** Undefined for what is no letter (an advisory of the server, which holds nothing of anybody), or nobody's. */
export function whoseLetter(body: Uint8Array): LetterOf | undefined {
  const letter = Letter.safeParse(jsonOf(Buffer.from(body).toString())).data;
  if (letter === undefined) return undefined;
  const { subject, seq } = letter;
  const event = parseLogSubject(subject);
  if (event !== undefined) return { ...event, stream: LOG_STREAM, seq };
  const fired = parseFiredSubject(subject);
  if (fired !== undefined) return { ...fired, type: 'timer.fired', stream: CLOCK_STREAM, seq };
  const asked = whoseDoorMessage(subject, Buffer.from(letter.body_base64, 'base64'));
  return asked && { ...asked, stream: DOOR_STREAM, seq };
}

/** A member of a bare request, or of the one in a structured CloudEvent; of a body that is no JSON, or was cut, what stands there as text. */
function member(text: string, name: string): unknown {
  const json = Body.safeParse(jsonOf(text)).data;
  if (json === undefined) return new RegExp(`"${name}"\\s*:\\s*"([A-Za-z0-9_-]{1,64})"`).exec(text)?.[1];
  return json[name] ?? (json.specversion === undefined ? undefined : Body.safeParse(json.data).data?.[name]);
}

const Body = z.record(z.string(), z.unknown());

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
