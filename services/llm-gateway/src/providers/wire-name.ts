// A model may call a tool by a name that no tool has and no provider takes back in the history.

/** `name` in the alphabet and length that every provider accepts. */
export const wireName = (name: string): string =>
  name.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, 64) || 'unnamed';
