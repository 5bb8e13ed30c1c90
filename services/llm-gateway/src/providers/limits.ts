// What the contract of `llm.completed` takes of a model's turn; an answer beyond it is malformed.

export const MAX_CALLS = 32;
export const MAX_NAME = 256;
