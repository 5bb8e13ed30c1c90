// Every NATS subject of Troupe, built and parsed in one place.
import type { UserId, WorkflowId, WorkflowKey } from './ids.ts';
import { SUBJECT_ID } from './ids.ts';

/** The number of shards of the log; a planner consumer exists per shard. Fixed when the stream is made. */
export const SHARDS = 8;

/** The shard of a workflow: FNV-1a (32 bit) of its id, modulo SHARDS. Fixed for ever, since it stands in subjects. */
export function shardOf(workflow: WorkflowId): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < workflow.length; i += 1)
    hash = Math.imul(hash ^ workflow.charCodeAt(i), 0x01000193) >>> 0;
  return hash % SHARDS;
}

/** `agents.<domain>.<event>.<shard>.<user>.<workflow>`, where an event of this type is stored. */
export function logSubject(type: string, { user, workflow }: WorkflowKey): string {
  return `agents.${type}.${shardOf(workflow)}.${user}.${workflow}`;
}

/**
 * Everything of one workflow, of whatever type: the range of one log, for compare-and-set and for reads. The shard follows from the
 * workflow; named, it spares the server a third of what a compare-and-set costs it (docs/decisions/0008).
 */
export const workflowFilter = ({ user, workflow }: WorkflowKey): string =>
  `agents.*.*.${shardOf(workflow)}.${user}.${workflow}`;

/** All events of one type, of every user: in all shards, or in one. */
export const typeFilter = (type: string, shard: number | '*' = '*'): string => `agents.${type}.${shard}.*.*`;

/** Where anybody knocks: with the user in the subject, or without it (then the body names the user). */
export const doorSubject = (type: string, user?: UserId): string =>
  user ? `agents.${type}.${user}` : `agents.${type}`;

export const timerSubject = (key: WorkflowKey, timer: string): string =>
  `agents-timers.set.${key.user}.${key.workflow}.${timer}`;
export const firedSubject = (key: WorkflowKey, timer: string): string =>
  `agents-timers.fired.${key.user}.${key.workflow}.${timer}`;

export const deadSubject = (consumer: string): string => `agents-dead.${consumer}`;

/** Not stored: stops calls in flight. What must hold after a crash stands in the log as well. */
export const abortSubject = ({ user, workflow }: WorkflowKey): string => `agents.abort.${user}.${workflow}`;
export const abortFilter = 'agents.abort.*.*';

export const rpcSubject = (service: string, method: string, user: UserId): string =>
  `agents.rpc.${service}.${method}.${user}`;
export const rpcFilter = (service: string, method: string): string => `agents.rpc.${service}.${method}.*`;

export interface LogSubject extends WorkflowKey {
  readonly type: string;
  readonly shard: number;
}

/** The parts of a log subject, or undefined for any other subject, among them one whose shard is not the workflow's. */
export function parseLogSubject(subject: string): LogSubject | undefined {
  const [agents, domain, event, shard, user, workflow, ...rest] = subject.split('.');
  if (agents !== 'agents' || rest.length > 0 || !domain || !event || !shard) return undefined;
  const key = keyOf(user, workflow);
  if (key === undefined || shard !== String(shardOf(key.workflow))) return undefined;
  return { type: `${domain}.${event}`, shard: Number(shard), ...key };
}

/** Two tokens as the key of a workflow, if they are ids. */
const keyOf = (user: string | undefined, workflow: string | undefined): WorkflowKey | undefined =>
  SUBJECT_ID.test(user ?? '') && SUBJECT_ID.test(workflow ?? '')
    ? { user: user as UserId, workflow: workflow as WorkflowId }
    : undefined;

/** The parts of `agents.<domain>.<event>[.<user>]`; the user is given as it stands, still to be validated. */
export function parseDoorSubject(subject: string): { type: string; user: string | undefined } | undefined {
  const [agents, domain, event, user, ...rest] = subject.split('.');
  if (agents !== 'agents' || !domain || !event || rest.length > 0) return undefined;
  return { type: `${domain}.${event}`, user };
}

/** The parts of `agents-timers.fired.<user>.<workflow>.<timer>`. */
export function parseFiredSubject(subject: string): (WorkflowKey & { timer: string }) | undefined {
  const [prefix, fired, user, workflow, timer, ...rest] = subject.split('.');
  if (prefix !== 'agents-timers' || fired !== 'fired' || !timer || rest.length > 0) return undefined;
  const key = keyOf(user, workflow);
  return key && { ...key, timer };
}

/** The parts of `agents.abort.<user>.<workflow>`. */
export function parseAbortSubject(subject: string): WorkflowKey | undefined {
  const [agents, abort, user, workflow, ...rest] = subject.split('.');
  if (agents !== 'agents' || abort !== 'abort' || rest.length > 0) return undefined;
  return keyOf(user, workflow);
}

/** The user of `agents.rpc.<service>.<method>.<user>`: the only place an RPC takes its user from. */
export function parseRpcUser(subject: string): UserId | undefined {
  const [agents, rpc, service, method, user = '', ...rest] = subject.split('.');
  if (agents !== 'agents' || rpc !== 'rpc' || !service || !method || rest.length > 0) return undefined;
  return SUBJECT_ID.test(user) ? (user as UserId) : undefined;
}
