// JSON that somebody else wrote.

const decoder = new TextDecoder();

/** The value in `body`, or undefined where it is not JSON. */
export function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(body));
  } catch {
    return undefined;
  }
}
