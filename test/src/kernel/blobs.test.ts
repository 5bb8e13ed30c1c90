// Texts too large for an event: they move out, the event fits, and they come back unchanged or with a stable error.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { contractOf, decodeEvent, encodeEvent, INLINE_TEXT_BYTES, START } from '@troupe/contracts';
import type { DataOf, EventDraft, LogEvent, TextReference } from '@troupe/contracts';
import { BLOBS_BUCKET, type Kernel, planOffload, TerminalError } from '@troupe/shared';
import { draftOf, someWorkflow } from '../support/events.ts';
import { holds } from '../support/property.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let kernel: Kernel;
before(async () => {
  server = await startTestServer();
  kernel = await server.kernel();
});
after(async () => {
  await kernel[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const asking = (texts: readonly string[], key = someWorkflow()): EventDraft => {
  const example = contractOf('llm.requested').schema.parse(contractOf('llm.requested').example);
  const messages = texts.map((text) => ({ role: 'user' as const, content: { text } }));
  return draftOf('llm.requested', key, { name: 'ask', data: { ...example, messages } });
};

/** Stores `texts` in one event and reads them from another connection. */
async function thereAndBack(
  texts: readonly string[],
): Promise<{ texts: string[]; movedOut: number; bytes: number }> {
  const draft = asking(texts);
  assert.equal((await kernel.log.append(draft, { after: START })).kind, 'appended');
  await using reader = await server.kernel('reader');
  const [event] = (await reader.log.read.whole(draft)) as [LogEvent<'llm.requested'>];
  const fields = event.data.messages.map(({ content }) => content);
  return {
    texts: await Promise.all(fields.map((field) => reader.blobs.load(field))),
    movedOut: fields.filter((field) => 'ref' in field).length,
    bytes: JSON.stringify(event.data).length,
  };
}

test('a text over 256 KiB moves out and comes back; smaller ones stay', async () => {
  const texts = ['small', 'ä'.repeat(INLINE_TEXT_BYTES), 'x'.repeat(INLINE_TEXT_BYTES / 2)];
  const back = await thereAndBack(texts);
  assert.deepEqual(back.texts, texts);
  assert.equal(back.movedOut, 1);
});

test('many texts of medium size move out, the largest first, until the event fits', async () => {
  const texts = Array.from({ length: 40 }, (_, i) => `${i}`.repeat(i < 10 ? 1_000 : 50_000));
  const back = await thereAndBack(texts);
  assert.deepEqual(back.texts, texts);
  assert.ok(back.movedOut > 0 && back.movedOut <= 30 && back.bytes < 1_000_000);
});

test('texts that grow when they are written as JSON are measured as JSON', async () => {
  const texts = [
    '"'.repeat(250_000),
    '\u0001'.repeat(250_000),
    '\n'.repeat(200_000),
    '\u{1F600}'.repeat(40_000),
  ];
  const back = await thereAndBack(texts);
  assert.deepEqual(back.texts, texts);
  assert.ok(back.bytes < 1_000_000);
});

test('a text that begins with a byte order mark, or is of many chunks, comes back byte for byte', async () => {
  const texts = [`\uFEFF${'x'.repeat(300_000)}`, Array.from({ length: 700_000 }, (_, i) => i % 10).join('')];
  assert.deepEqual((await thereAndBack(texts)).texts, texts);
});

test('free JSON that looks like a large text is left as it is', async () => {
  const args = { text: 'x'.repeat(INLINE_TEXT_BYTES + 1) };
  const example = contractOf('tool.requested').schema.parse(contractOf('tool.requested').example);
  const draft = draftOf('tool.requested', someWorkflow(), {
    name: 'call',
    data: { ...example, arguments: args },
  });
  await kernel.log.append(draft, { after: START });
  const [event] = (await kernel.log.read.whole(draft)) as [LogEvent<'tool.requested'>];
  assert.deepEqual(event.data.arguments, args);
});

test('what moves out is a function of the event alone, and what stays always fits into a message', async (t) => {
  const nasty = fc.constantFrom('x', '"', '\n', '\u0000', 'ä', '\u{1F600}', '\\');
  const text = fc
    .tuple(nasty, fc.integer({ min: 0, max: 120_000 }))
    .map(([char, times]) => char.repeat(times));
  const property = fc.property(fc.array(text, { minLength: 1, maxLength: 30 }), (texts) => {
    const draft = asking(texts);
    const planned = planOffload(draft);
    const again = planOffload(structuredClone(draft));
    const { headers, body } = encodeEvent(planned.draft, 1, new Date());
    assert.equal(encodeEvent(again.draft, 1, new Date()).body, body);
    assert.deepEqual([...again.texts.keys()], [...planned.texts.keys()]);
    assert.ok(Buffer.byteLength(body) + JSON.stringify(headers).length < 1_000_000);
    const kept = (planned.draft.data as DataOf<'llm.requested'>).messages.map(({ content }) =>
      'text' in content ? content.text : planned.texts.get(content.ref),
    );
    assert.deepEqual(kept, texts);
  });
  await holds(t, property, 40);
});

test('the same content has the same name whoever stores it, is stored once, and can be read while others store it', async () => {
  const content = new TextEncoder().encode(`same ${'y'.repeat(400_000)}`);
  const { user } = someWorkflow('carol');
  await using other = await server.kernel('other');
  const references = await Promise.all(
    Array.from({ length: 12 }, async (_, i) => {
      const { blobs } = i % 2 === 0 ? kernel : other;
      const reference = await blobs.store(user, content);
      assert.equal((await blobs.load(reference)).length, content.length);
      return reference;
    }),
  );
  assert.equal(new Set(references.map(({ ref }) => ref)).size, 1);
  const manager = await kernel.connection.jetstreamManager();
  const chunks = async () => {
    const { state } = await manager.streams.info(`OBJ_${BLOBS_BUCKET}`, {
      subjects_filter: `$O.${BLOBS_BUCKET}.C.>`,
    });
    return Object.values(state.subjects ?? {}).filter((count) => count === 4).length;
  };
  const before = await chunks();
  await kernel.blobs.store(user, content);
  assert.equal(await chunks(), before);
});

const fault = (code: string) => (error: unknown) =>
  error instanceof TerminalError && error.failure.code === code;

test('a text that is missing, was deleted or lost a chunk is told by a stable code, soon', async () => {
  const store = await kernel.connection.jetstream().views.os(BLOBS_BUCKET);
  const { user } = someWorkflow('dave');
  const put = (text: string): Promise<TextReference> =>
    kernel.blobs.store(user, new TextEncoder().encode(text));
  const never = { ref: 'dave/none', bytes: 1, sha256: 'a'.repeat(64) };
  await assert.rejects(kernel.blobs.load(never), fault('blob_missing'));

  const deleted = await put('deleted'.repeat(1_000));
  await store.delete(deleted.ref);
  await assert.rejects(kernel.blobs.load(deleted), fault('blob_missing'));
  assert.deepEqual(await put('deleted'.repeat(1_000)), deleted);
  assert.equal(await kernel.blobs.load(deleted), 'deleted'.repeat(1_000));

  const damaged = await put('damaged'.repeat(100_000));
  const { nuid } = (await store.info(damaged.ref))!;
  const manager = await kernel.connection.jetstreamManager();
  const chunk = await manager.streams.getMessage(`OBJ_${BLOBS_BUCKET}`, {
    last_by_subj: `$O.${BLOBS_BUCKET}.C.${nuid}`,
  });
  await manager.streams.deleteMessage(`OBJ_${BLOBS_BUCKET}`, chunk.seq);
  await assert.rejects(kernel.blobs.load(damaged), fault('blob_corrupt'));
  await manager.streams.purge(`OBJ_${BLOBS_BUCKET}`, { filter: `$O.${BLOBS_BUCKET}.C.${nuid}` });
  await assert.rejects(kernel.blobs.load(damaged), fault('blob_corrupt'));
});

test('a reference to another text than the one it names is refused', async () => {
  const { user } = someWorkflow('erin');
  const reference = await kernel.blobs.store(user, new TextEncoder().encode('one'));
  const wrong = { ...reference, sha256: 'b'.repeat(64) };
  await assert.rejects(kernel.blobs.load(wrong), fault('blob_corrupt'));
});

test('an event whose texts moved out decodes to what its draft became', () => {
  const { draft } = planOffload(asking(['x'.repeat(INLINE_TEXT_BYTES + 1)]));
  const { subject, headers, body } = encodeEvent(draft, 1, new Date());
  const header = (name: string): string | undefined =>
    name === 'Nats-Expected-Last-Subject-Sequence' ? '0' : headers[name];
  const event = decodeEvent({ subject, header, body: new TextEncoder().encode(body), seq: 1, storedAt: 0 });
  assert.deepEqual((event as LogEvent<'llm.requested'>).data, draft.data);
});
