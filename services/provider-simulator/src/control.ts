// The simulator's own endpoints, by which a test says what shall go wrong and reads what was counted. Not part of any
// provider's protocol, and without keys: the server listens on the loopback interface unless told otherwise.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { Rules, type Script } from './faults/script.ts';
import { readBody, sendJson } from './http.ts';
import { type Ledger, MAX_CALLS } from './ledger.ts';
import { parseJson } from './model/json.ts';

/** POST /simulator/script: adds rules behind those already there. */
export async function addRules(
  request: IncomingMessage,
  response: ServerResponse,
  script: Script,
): Promise<void> {
  // A web page can send any other type to a loopback address without being asked for permission.
  if (!request.headers['content-type']?.startsWith('application/json')) {
    refuse(response, 415, { code: 'not_json', message: 'A script is sent as application/json.' });
    return;
  }
  const rules = Rules.safeParse(parseJson((await readBody(request)) ?? ''));
  if (!rules.success)
    refuse(response, 400, { code: 'invalid_script', message: z.prettifyError(rules.error) });
  else if (script.add(rules.data)) sendJson(response, 200, { added: rules.data.length });
  else refuse(response, 400, { code: 'too_many_rules', message: 'DELETE /simulator/script first.' });
}

/** GET /simulator/record: totals and the latest calls, with `?last=N` no more than N of them. */
export function readRecord(url: URL, response: ServerResponse, ledger: Ledger): void {
  const last = z.coerce
    .number()
    .int()
    .min(0)
    .safeParse(url.searchParams.get('last') ?? MAX_CALLS);
  if (last.success) sendJson(response, 200, { name: 'provider-simulator', ...ledger.read(last.data) });
  else refuse(response, 400, { code: 'invalid_last', message: 'last is a number of calls, 0 or more.' });
}

function refuse(response: ServerResponse, status: number, error: { code: string; message: string }): void {
  sendJson(response, status, { error });
}
