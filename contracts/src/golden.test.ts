// The promise to old logs: the body of every version of a message that was ever released parses for ever. The files in
// golden/ are never changed and never deleted; a new version, or a new message, adds one.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { catalogue } from './catalogue.ts';
import { encodeData } from './envelope.ts';
import type { EventDraft } from './envelope.ts';

const folder = new URL('../golden/', import.meta.url);
const files = readdirSync(folder);

for (const file of files) {
  test(`the released body ${file} still parses`, () => {
    const type = file.replace(/\.\d+\.json$/, '');
    const contract = catalogue.get(type);
    assert.ok(contract, `${type} was released and is no longer in the catalogue`);
    contract.schema.parse(JSON.parse(readFileSync(new URL(file, folder), 'utf8')));
  });
}

test('every version in the catalogue has its released body', () => {
  for (const { type, version, example } of catalogue.values()) {
    const file = `${type}.${version}.json`;
    const body = encodeData({ type, data: example } as unknown as EventDraft);
    assert.ok(files.includes(file), `write contracts/golden/${file}:\n${body}`);
  }
});
