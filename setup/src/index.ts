// What the command line, the demo and the tests use: find the components that the lockfile does not hold, and run real
// servers and services that never outlive their parent.
export type { Environment } from './components/command.ts';
export { findChroma } from './components/chroma.ts';
export { findChromium } from './components/chromium.ts';
export { findNatsServer } from './components/nats-server.ts';
export type { FindOptions, Found, Source } from './components/search.ts';
export { type ChromaOptions, type ChromaServer, startChroma } from './processes/chroma.ts';
export {
  chromaDatabase,
  chromaStoreIn,
  type Vacuumed,
  type VacuumOptions,
  vacuumChroma,
} from './processes/chroma-vacuum.ts';
export { freePort } from './processes/free-port.ts';
export { type Exit, type GuardedProcess, type Launch, startGuarded } from './processes/guarded-process.ts';
export { type NatsServer, type NatsServerOptions, startNatsServer } from './processes/nats-server.ts';
export {
  type NodeService,
  type NodeServiceOptions,
  type Ready,
  startNode,
} from './processes/node-service.ts';
export { localDir, root } from './root.ts';
export { SetupError, type SetupErrorCode } from './setup-error.ts';
