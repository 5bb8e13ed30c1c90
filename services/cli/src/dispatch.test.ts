// What is wrong with a command line is told before anything is connected.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { UsageError } from './command.ts';
import { dispatch } from './dispatch.ts';

const { signal } = new AbortController();
const refused = (words: readonly string[], says: RegExp): Promise<void> =>
  assert.rejects(
    dispatch(words, signal),
    (error) => error instanceof UsageError && says.test(`${error.message} ${error.hint}`),
  );

const MISTAKES: [words: string[], says: RegExp][] = [
  [['rnu', 'x'], /^There is no command "rnu"\. Did you mean run\?$/],
  [['frobnicate'], /^There is no command "frobnicate"\. See `troupe help`\.$/],
  [['help', 'evnts'], /Did you mean events\?/],
  [['run', 'x', '--folow'], /has no flag --folow\. Did you mean --follow\?/],
  [['list', '-x'], /has no flag -x\. See `troupe help list`/],
  [['run'], /needs "<goal>"/],
  [['run', 'two', 'words'], /takes one "<goal>"\. Quote what has spaces/],
  [['list', 'x'], /takes no argument, but got "x"/],
  [['run', 'x', '--user'], /--user <value>' argument missing/],
  [['run', 'x', '--json=yes'], /--json' does not take an argument/],
  [['run', 'x', '--user', 'a.b'], /--user must be 1 to 64 characters of A-Z a-z 0-9 _ -/],
  [['run', 'x', '--workflow-id', 'a*'], /The workflow id must be 1 to 64 characters/],
  [['result', 'a b'], /The workflow id must be 1 to 64 characters/],
  [['events', '>'], /The workflow id must be 1 to 64 characters/],
  [['cancel', ''], /The workflow id must be 1 to 64 characters/],
  [['run', 'x', '--timeout', 'soon'], /--timeout must be a number from 1 to 86400/],
  [['list', '--limit', '0'], /--limit must be a number from 1 to 1000/],
  [['run', ' '], /^goal: /],
  [['memory'], /alone says too little\. Say one of: memory search, memory list, memory forget/],
  [['memory', '--user', 'alice'], /alone says too little/],
  [['memory', 'serach', 'x'], /no command "memory serach"\. Did you mean memory search\?/],
  [['memory', 'search'], /`troupe memory search` needs "<query>"/],
  [['memory', 'list', '--usr', 'x'], /`troupe memory list` has no flag --usr\. Did you mean --user\?/],
  [['memory', 'search', 'x', '--k', '51'], /--k must be a number from 1 to 50/],
  [['memory', 'forget', '--yes'], /needs one of --record <id>, --workflow <id> and --everything/],
  [['memory', 'forget', '--everything', '--record', 'r'], /needs one of/],
  [['memory', 'forget', '--yes', '--record', 'a.b'], /--record is not the id of one/],
  [['memory', 'forget', '--yes', '--workflow', '>'], /--workflow is not the id of one/],
  [['memory', 'vacuum', '--path', '/nowhere'], /\/nowhere holds no data of Chroma/],
  [['run', 'x', '--preferences', '/nowhere.json'], /--preferences: \/nowhere\.json cannot be read/],
];
for (const [words, says] of MISTAKES) {
  test(`\`troupe ${words.join(' ')}\` is a mistake, and is told as one`, () => refused(words, says));
}

test('help of a group tells of each of its commands, as --help behind its name does', async (t) => {
  for (const words of [
    ['help', 'memory'],
    ['memory', '--help'],
  ]) {
    let printed = '';
    const write = t.mock.method(process.stdout, 'write', (text: string) => {
      printed += text;
      return true;
    });
    const code = await dispatch(words, signal).finally(() => write.mock.restore());
    assert.equal(code, 0);
    for (const command of ['search', 'list', 'forget', 'rebuild', 'export', 'vacuum'])
      assert.match(printed, new RegExp(`^troupe memory ${command}\\b`, 'm'));
  }
});

test('a file of preferences that holds no JSON object is a mistake', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'troupe-preferences-'));
  try {
    for (const text of ['[1]', '{"a":', '"text"']) {
      const file = join(folder, 'preferences.json');
      await writeFile(file, text);
      await refused(['run', 'x', '--preferences', file], /does not hold a JSON object/);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});
