// The table of every message in the log. Subjects, filters, the permission table and JSON Schema derive from here.
import { z } from 'zod';
import type { MessageContract, Service } from './define-message.ts';
import { jobCompleted } from './messages/job-completed.ts';
import { jobFailed } from './messages/job-failed.ts';
import { llmCancelled } from './messages/llm-cancelled.ts';
import { llmCompleted } from './messages/llm-completed.ts';
import { llmFailed } from './messages/llm-failed.ts';
import { llmRequested } from './messages/llm-requested.ts';
import { memoryCompleted } from './messages/memory-completed.ts';
import { memoryFailed } from './messages/memory-failed.ts';
import { memoryRequested } from './messages/memory-requested.ts';
import { notificationCreated } from './messages/notification-created.ts';
import { timerFired } from './messages/timer-fired.ts';
import { toolCancelled } from './messages/tool-cancelled.ts';
import { toolCompleted } from './messages/tool-completed.ts';
import { toolFailed } from './messages/tool-failed.ts';
import { toolRequested } from './messages/tool-requested.ts';
import { toolStarted } from './messages/tool-started.ts';
import { workflowCancelRequested } from './messages/workflow-cancel-requested.ts';
import { workflowCancelled } from './messages/workflow-cancelled.ts';
import { workflowCompleted } from './messages/workflow-completed.ts';
import { workflowDisabled } from './messages/workflow-disabled.ts';
import { workflowFailed } from './messages/workflow-failed.ts';
import { workflowRequested } from './messages/workflow-requested.ts';
import { workflowSignalled } from './messages/workflow-signalled.ts';
import { doorSubject, typeFilter } from './subjects.ts';

/** In the order in which a run meets them. */
const contracts = [
  workflowRequested,
  workflowSignalled,
  workflowCancelRequested,
  memoryRequested,
  memoryCompleted,
  memoryFailed,
  llmRequested,
  llmCancelled,
  llmCompleted,
  llmFailed,
  toolRequested,
  toolCancelled,
  toolStarted,
  toolCompleted,
  toolFailed,
  jobCompleted,
  jobFailed,
  notificationCreated,
  timerFired,
  workflowCompleted,
  workflowFailed,
  workflowCancelled,
  workflowDisabled,
] as const;

type Contract = (typeof contracts)[number];
export type MessageType = Contract['type'];
export type DataOf<Type extends MessageType> = z.infer<Extract<Contract, { type: Type }>['schema']>;

export const catalogue: ReadonlyMap<string, Contract> = new Map(
  contracts.map((contract) => [contract.type, contract]),
);

export const contractOf = <Type extends MessageType>(type: Type): Extract<Contract, { type: Type }> =>
  catalogue.get(type) as Extract<Contract, { type: Type }>;

/** What closes a request: exactly one of these with the request's id as its cause. */
export const OUTCOMES = {
  'memory.requested': ['memory.completed', 'memory.failed'],
  'llm.requested': ['llm.completed', 'llm.failed', 'llm.cancelled'],
  'tool.requested': ['tool.completed', 'tool.failed', 'tool.cancelled'],
} as const satisfies Partial<Record<MessageType, readonly MessageType[]>>;
export type RequestType = keyof typeof OUTCOMES;
export type OutcomeType<Request extends RequestType = RequestType> = (typeof OUTCOMES)[Request][number];

export const TERMINAL_TYPES = [
  'workflow.completed',
  'workflow.failed',
  'workflow.cancelled',
  'workflow.disabled',
] as const;
export type TerminalType = (typeof TERMINAL_TYPES)[number];

const terminal: ReadonlySet<string> = new Set(TERMINAL_TYPES);
export const isTerminal = (type: string): type is TerminalType => terminal.has(type);

/** What anybody may publish at the door. */
export const DOOR_TYPES = [
  'workflow.requested',
  'workflow.signalled',
  'workflow.cancel_requested',
] as const satisfies readonly MessageType[];
export type DoorType = (typeof DOOR_TYPES)[number];

export const doorSubjects = (): string[] =>
  DOOR_TYPES.flatMap((type) => [doorSubject(type), `${doorSubject(type)}.*`]);

/** The log's subjects, domain by domain: exactly six tokens, so that the door (three or four) is never part of it. */
export const logSubjects = (): string[] => [
  ...new Set(contracts.map(({ type }) => `agents.${type.slice(0, type.indexOf('.'))}.*.*.*.*`)),
];

/**
 * What the planner consumer of a shard follows: every type that others than the fold write. What the fold writes it has folded already;
 * delivered, it would be half of all deliveries, for nothing (docs/decisions/0016).
 */
export const newsFilters = (shard: number): string[] =>
  contracts
    .filter(({ writers }) => writers.some((writer) => writer !== 'planner'))
    .map(({ type }) => typeFilter(type, shard));

/** What a service may write into the log: the publish half of the permission table. */
export const publishSubjectsOf = (service: Service): string[] =>
  contracts
    .filter(({ writers }) => writers.some((writer) => writer.split(':')[0] === service))
    .map(({ type }) => typeFilter(type));

/** JSON Schema (2020-12) of a message's body, as a reader may rely on it. */
export const jsonSchemaOf = (contract: MessageContract): unknown => ({
  ...z.toJSONSchema(contract.schema, { io: 'output' }),
  $id: dataSchemaOf(contract),
});

/** The `ce-dataschema` attribute. */
export const dataSchemaOf = ({ type, version }: { type: string; version: number }): string =>
  `urn:troupe:${type}:${version}`;
