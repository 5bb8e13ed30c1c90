// The vocabulary of Troupe, for every other package.
export { ARCHIVE_SUBJECTS, archiveSubject, Skeleton } from './archive.ts';
export {
  catalogue,
  contractOf,
  DOOR_TYPES,
  doorSubjects,
  isTerminal,
  jsonSchemaOf,
  logSubjects,
  newsFilters,
  OUTCOMES,
  publishSubjectsOf,
  TERMINAL_TYPES,
} from './catalogue.ts';
export type { DataOf, DoorType, MessageType, OutcomeType, RequestType, TerminalType } from './catalogue.ts';
export type { AssistantTurn, ModelToolCall } from './conversation.ts';
export { PromptMessage } from './conversation.ts';
export type { MessageContract, Reader, Service, Writer } from './define-message.ts';
export {
  conformingData,
  ContractError,
  decodeEvent,
  encodeData,
  encodeEvent,
  EXPECTED_LAST,
  START,
} from './envelope.ts';
export type {
  Envelope,
  EventDraft,
  LogEvent,
  Position,
  RawMessage,
  StoredEvent,
  UnknownEvent,
} from './envelope.ts';
export { Failure } from './failure.ts';
export { CorrelationId, EventId, eventId, SUBJECT_ID, UserId, WorkflowId } from './ids.ts';
export type { WorkflowKey } from './ids.ts';
export { canonicalJson, hashOf, Json, JsonObject } from './json.ts';
export { INLINE_TEXT_BYTES, inlineTextsIn, LargeText, TextReference } from './large-text.ts';
export {
  LedgerBegun,
  LedgerEnded,
  ledgerFilter,
  LEDGER_SUBJECTS,
  LedgerRecord,
  ledgerSubject,
} from './ledger.ts';
export type { LedgerKey } from './ledger.ts';
export { LiveMessage, liveSubject } from './live.ts';
export { ErasureJob, ForgetScope, MemoryItem, MemoryJob, MemorySnippet, RebuildJob } from './memory.ts';
export { RunSettings } from './messages/workflow-requested.ts';
export type { WorkflowRequested } from './messages/workflow-requested.ts';
export {
  RunSummary,
  runSummaryKey,
  runSummaryKeys,
  RUNS_BUCKET,
  SUMMARY_GOAL_CHARACTERS,
} from './run-summary.ts';
export { rpc, rpcReply, SearchResponse } from './rpc.ts';
export type {
  EmbedRequest,
  EmbedResponse,
  ForgetRequest,
  ListMemoryRequest,
  ListMemoryResponse,
  MemoryStatusResponse,
  ModelsResponse,
  Rpc,
  SearchRequest,
} from './rpc.ts';
export {
  abortFilter,
  abortSubject,
  deadSubject,
  doorSubject,
  firedSubject,
  logSubject,
  parseAbortSubject,
  parseDoorSubject,
  parseFiredSubject,
  parseLogSubject,
  parseRpcUser,
  rpcFilter,
  rpcSubject,
  shardOf,
  SHARDS,
  timerSubject,
  typeFilter,
  workflowFilter,
} from './subjects.ts';
export { formatTraceparent, parseTraceparent, traceOfRun } from './trace-context.ts';
export type { RunTrace, TraceContext } from './trace-context.ts';
export {
  currentToolKey,
  referenceTo,
  ToolDefinition,
  toolDefinitionKey,
  ToolEffect,
  ToolReference,
  TOOLS_BUCKET,
} from './tool.ts';
export {
  HistoryTurn,
  ModelUsage,
  Usage,
  WorkflowRequest,
  WorkflowResult,
  WorkflowStatus,
} from './workflow.ts';
