// The services that run, asked by what any NATS client can ask: a ping, and the queries that they answer.
import { rpc, UserId } from '@troupe/contracts';
import type { ModelsResponse } from '@troupe/contracts';
import type { Kernel } from '@troupe/shared';
import { callRpc } from '@troupe/shared';
import { providerKeysSet } from '../config.ts';
import type { Finding } from './finding.ts';
import { fault, faultOf, well } from './finding.ts';

const SERVICES = ['planner', 'llm-gateway', 'tool-executor', 'memory'];
const QUERY_MS = 5_000;
const HEARTBEAT_MS = 3_000;
/** Has no memories: a search for it only shows whether searching works. */
const NOBODY = UserId.parse('troupe-doctor');

type Connected = Pick<Kernel, 'connection'>;

export async function lookAtServices(kernel: Connected, chromaUrl: string | undefined): Promise<Finding[]> {
  const running = await ping(kernel);
  const services = SERVICES.map((service) => {
    const versions = running.get(`agents-${service}`) ?? [];
    return versions.length === 0
      ? fault(
          service,
          'no process answers',
          `Start it: \`npm run dev\` starts all, services/${service}/src/main.ts is the process.`,
        )
      : well(service, `${versions.length} running, version ${[...new Set(versions)].join(', ')}`);
  });
  const [models, chroma] = await Promise.all([
    running.has('agents-llm-gateway') ? askModels(kernel) : lookAtKeys(),
    chromaUrl === undefined ? askMemory(kernel) : heartbeat(chromaUrl),
  ]);
  return [...services, ...models, chroma];
}

/** The versions of the processes that answer, by the name of their service. */
async function ping({ connection }: Connected): Promise<Map<string, string[]>> {
  const running = new Map<string, string[]>();
  try {
    for await (const { name, version } of await connection.services.client().ping())
      running.set(name, [...(running.get(name) ?? []), version]);
  } catch {
    // The library throws where nobody answers: then nobody runs.
  }
  return running;
}

async function askModels({ connection }: Connected): Promise<Finding[]> {
  try {
    const call = { user: NOBODY, request: {}, timeoutMs: QUERY_MS };
    return modelFindings(await callRpc(connection, rpc.models, call));
  } catch (error) {
    return [faultOf('models', error, 'Look at the log of llm-gateway.')];
  }
}

/** Pure: the gateway's choice, and what it had to leave out. */
export function modelFindings({ chain, skipped, substituted, embeddings }: ModelsResponse): Finding[] {
  const choice = `${chain.join(', then ')}; embeddings ${embeddings}`;
  const left = skipped.length === 0 ? '' : ` (without a key, so skipped: ${skipped.join(', ')})`;
  const why = substituted
    ? ': no configured model has a key, so this is the default of the provider that has one'
    : '';
  return [well('keys', 'held by the llm-gateway that runs'), well('models', `${choice}${why}${left}`)];
}

/** No gateway tells what it has: what stands here is what one started here would be given. */
function lookAtKeys(): Finding[] {
  try {
    const keys = providerKeysSet();
    if (keys.length > 0) return [well('keys', `${keys.join(', ')} set here`)];
    return [
      fault(
        'keys',
        'no provider key is set here',
        'Set OPENAI_API_KEY or ANTHROPIC_API_KEY, or …_FILE; without one, `npm run dev` uses a simulator.',
      ),
    ];
  } catch (error) {
    return [faultOf('keys', error, 'Correct the variable.')];
  }
}

async function heartbeat(url: string): Promise<Finding> {
  try {
    const answer = await fetch(new URL('/api/v2/heartbeat', url), {
      signal: AbortSignal.timeout(HEARTBEAT_MS),
    });
    if (answer.ok) return well('chroma', `answers at ${new URL(url).host}`);
    return fault(
      'chroma',
      `answered ${answer.status}`,
      'Is CHROMA_URL the address of a Chroma server of version 1?',
    );
  } catch {
    return fault(
      'chroma',
      'does not answer at CHROMA_URL',
      'Start Chroma there, or correct CHROMA_URL. Runs go on without memory.',
    );
  }
}

/** Where Chroma is, only memory knows: a search that it answers went through Chroma. */
async function askMemory({ connection }: Connected): Promise<Finding> {
  try {
    const call = { user: NOBODY, request: { query: 'anything', k: 1 }, timeoutMs: QUERY_MS };
    await callRpc(connection, rpc.searchMemory, call);
    return well('chroma', 'answers (a search through memory)');
  } catch (error) {
    return faultOf(
      'chroma',
      error,
      'Memory knows where Chroma is: start it and look at its log, or set CHROMA_URL to ask Chroma itself.',
    );
  }
}
