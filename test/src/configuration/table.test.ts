// The table of docs/configuration.md is held to the code, in both directions: names, readers, defaults and rules.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '@troupe/setup';
import { defaultOf, knownVariables } from '@troupe/shared';
import { settings as cli } from '../../../services/cli/src/config.ts';
import { settings as gateway } from '../../../services/llm-gateway/src/config.ts';
import { settings as memory } from '../../../services/memory/src/config.ts';
import { settings as planner } from '../../../services/planner/src/config.ts';
import { settings as simulator } from '../../../services/provider-simulator/src/config.ts';
import { settings as executor } from '../../../services/tool-executor/src/config.ts';
import { readTable } from './table.ts';

type Schema = Parameters<typeof defaultOf>[0];

const shapes: Readonly<Record<string, Readonly<Record<string, Schema>>>> = {
  cli,
  planner,
  memory,
  'llm-gateway': gateway,
  'tool-executor': executor,
  'provider-simulator': simulator,
};
const rows = readTable();
const inCode = Object.entries(shapes).flatMap(([reader, shape]) =>
  Object.entries(shape).map(([variable, schema]) => ({ variable, reader, schema })),
);
const inTable = rows.flatMap((row) => row.readers.map((reader) => ({ ...row, reader })));
const nameOf = ({ variable, reader }: { variable: string; reader: string }): string =>
  `${variable} of ${reader}`;

test('the table names every variable that the code reads, with its reader, and no other', () => {
  const ofShapes = inTable.filter(({ reader }) => reader !== 'setup');
  assert.deepEqual(ofShapes.map(nameOf).sort(), inCode.map(nameOf).sort());
});

test('the table tells the defaults that the code takes', () => {
  for (const { variable, reader, schema } of inCode) {
    const row = inTable.find((one) => one.variable === variable && one.reader === reader);
    assert.equal(row?.byDefault, defaultOf(schema) ?? '', `${variable} of ${reader}`);
  }
});

test('the table tells each rule in the words in which the code refuses a wrong value', () => {
  for (const { variable, reader, schema } of inCode) {
    const refused = schema.safeParse('\0 nothing that fits');
    const row = inTable.find((one) => one.variable === variable && one.reader === reader);
    if (!refused.success)
      assert.equal(refused.error.issues[0]?.message, `must be ${row?.rule ?? ''}`, variable);
  }
});

test('the variables of setup/ in the table are those that it reads', () => {
  for (const { variable } of inTable.filter(({ reader }) => reader === 'setup')) {
    const file = variable === 'NATS_SERVER_PATH' ? 'nats-server.ts' : 'chroma.ts';
    assert.ok(readFileSync(join(root, 'setup/src/components', file), 'utf8').includes(`'${variable}'`));
  }
});

test('whatever is warned of as unknown is read by nobody, and whatever is read is known', () => {
  const ours = inCode.map(({ variable }) => variable).filter((name) => /^(AGENT|FF)_/.test(name));
  assert.deepEqual([...new Set(ours)].sort(), [...knownVariables].sort());
});

test('what the table calls a secret is a key or credentials, and every key is called one', () => {
  const secrets = new Set(rows.filter(({ secret }) => secret === 'yes').map(({ variable }) => variable));
  for (const { variable } of rows)
    assert.equal(
      secrets.has(variable),
      /(_API_KEYS?|_MEMORY_KEY(_PREVIOUS)?|_HEADERS)$/.test(variable),
      variable,
    );
});
