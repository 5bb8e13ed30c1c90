// What docker-compose.yaml, the Dockerfile and the files beside them must say, whatever tools this machine has: read as data and
// compared with each other, with package.json and with what the services read.
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { root } from '../root.ts';
import { stagesOf } from '../test-support/image-tree.ts';

type Health = { test?: string[]; interval?: string; timeout?: string; retries?: number; disable?: boolean };
type Service = Partial<{
  image: string;
  build: { target: string };
  command: string[];
  container_name: string;
  user: string;
  init: boolean;
  read_only: boolean;
  restart: string;
  cap_drop: string[];
  security_opt: string[];
  ports: string[];
  networks: string[];
  environment: Record<string, string | null>;
  labels: Record<string, string>;
  healthcheck: Health;
  stop_grace_period: string;
  depends_on: Record<string, { condition: string }>;
  logging: { driver: string; options: Record<string, string> };
}>;
type Stack = { services: Record<string, Service>; networks: Record<string, { internal?: boolean }> };

const text = (file: string): string => readFileSync(join(root, file), 'utf8');
const stackIn = (file: string): Stack => parse(text(file), { merge: true }) as Stack;

const { services, networks } = stackIn('docker-compose.yaml');
const stages = stagesOf(text('Dockerfile'));
const manifest = JSON.parse(text('package.json')) as {
  version: string;
  optionalDependencies: Record<string, string>;
};

const containers = Object.entries(services);
const { provision, ...staying } = services;
const OURS = ['planner', 'llm-gateway', 'tool-executor', 'memory', 'provider-simulator'];

test('the stack is NATS, Chroma, the provisioning job, the four services and the simulator', () => {
  assert.deepEqual(Object.keys(services).sort(), ['nats', 'chroma', 'provision', ...OURS].sort());
});

test('no container runs as root, has a capability, gains rights, or can write outside its volumes', () => {
  for (const [name, { user, cap_drop, security_opt, read_only, init }] of containers) {
    assert.match(user ?? '', /^[1-9]\d*:[1-9]\d*$/, name);
    assert.deepEqual([cap_drop, read_only, init], [['ALL'], true, true], name);
    assert.ok(security_opt?.includes('no-new-privileges:true'), name);
  }
});

test('whatever stays is asked every 30 s whether it works, with 10 s to answer, three times', () => {
  for (const [name, { healthcheck, restart }] of Object.entries(staying)) {
    const { interval, timeout, retries } = healthcheck ?? {};
    assert.deepEqual([interval, timeout, retries], ['30s', '10s', 3], name);
    assert.equal(restart, 'unless-stopped', name);
  }
  assert.deepEqual([provision?.healthcheck, provision?.restart], [{ disable: true }, 'no']);
});

test('an image asks for its health as the stack does', () => {
  for (const name of ['nats', 'chroma', 'planner']) {
    const { healthcheck, build } = services[name] ?? {};
    const lines = stages.find((stage) => stage.name === build?.target)?.lines ?? [];
    const [, flags = '', command = '[]'] =
      /^HEALTHCHECK (.*) CMD (\[.*\])$/.exec(lines.find((line) => line.startsWith('HEALTHCHECK')) ?? '') ??
      [];
    assert.equal(
      flags,
      '--interval=30s --timeout=10s --retries=3 --start-period=60s --start-interval=1s',
      name,
    );
    assert.deepEqual(['CMD', ...(JSON.parse(command) as string[])], healthcheck?.test, name);
  }
});

test('every container says its role and environment, and its log is bounded', () => {
  for (const [name, { labels, logging }] of containers) {
    assert.ok(labels?.['troupe.role'], name);
    assert.equal(labels['troupe.environment'], '${APP_ENV:-production}', name);
    assert.deepEqual([logging?.driver, logging?.options['max-size']], ['json-file', '10m'], name);
  }
});

test('any number of a service may run: none has a name or a port of the machine, and only NATS has one, on loopback', () => {
  for (const [name, { container_name, ports }] of containers) {
    assert.equal(container_name, undefined, name);
    assert.deepEqual(ports, name === 'nats' ? ['127.0.0.1:${NATS_PORT:-4222}:4222'] : undefined, name);
  }
});

test('a service starts when the streams are made, and has time to drain when it stops', () => {
  for (const name of ['planner', 'llm-gateway', 'tool-executor', 'memory']) {
    const { depends_on, stop_grace_period = '' } = services[name] ?? {};
    assert.equal(depends_on?.['nats']?.condition, 'service_healthy', name);
    assert.equal(depends_on['provision']?.condition, 'service_completed_successfully', name);
    assert.ok(Number.parseInt(stop_grace_period) >= 12, name);
  }
  assert.deepEqual(provision?.depends_on, { nats: { condition: 'service_healthy' } });
  assert.equal(services['memory']?.depends_on?.['chroma']?.condition, 'service_healthy');
});

test('Chroma, which asks nobody who they are, shares a network with memory alone', () => {
  const [network = '', ...others] = services['chroma']?.networks ?? [];
  assert.deepEqual([others, networks[network]], [[], { internal: true }]);
  const beside = containers
    .filter(([, service]) => service.networks?.includes(network))
    .map(([name]) => name);
  assert.deepEqual(beside.sort(), ['chroma', 'memory']);
});

test('provider keys are given to the gateway only', () => {
  for (const stack of [services, stackIn('deploy/secrets.yaml').services]) {
    for (const [name, { environment = {} }] of Object.entries(stack)) {
      const keys = Object.keys(environment).filter((variable) => /_API_KEY/.test(variable));
      if (name !== 'llm-gateway') assert.deepEqual(keys, [], name);
    }
  }
});

test('a service is given variables that it reads, and every one that it reads can be given', () => {
  const kernel = text('shared/src/config.ts');
  const secrets = stackIn('deploy/secrets.yaml').services;
  const atHome = ['PATH', 'CHROMIUM_PATH'];
  for (const name of OURS) {
    const own = text(`services/${name}/src/config.ts`);
    const given = [services[name], secrets[name]]
      .flatMap((service) => Object.keys(service?.environment ?? {}))
      .filter((variable) => !variable.startsWith('OTEL_'));
    const read = `${own}${own.includes('kernelSettings') ? kernel : ''}`;
    assert.deepEqual(
      given.filter((variable) => !new RegExp(`^ {2}${variable}:`, 'm').test(read)),
      [],
      name,
    );
    const settings = [...own.matchAll(/^ {2}([A-Z][A-Z_]+):/gm)].map(([, variable = '']) => variable);
    assert.deepEqual(
      settings.filter((variable) => !given.includes(variable) && !atHome.includes(variable)),
      [],
      name,
    );
  }
});

test('what is passed on to the collector is all that can be said of it, and every variable is documented', () => {
  const documented = [...text('docs/configuration.md').matchAll(/^\| `([A-Z_]+)`/gm)].map(
    ([, name = '']) => name,
  );
  const given = containers.flatMap(([, { environment = {} }]) => Object.keys(environment));
  assert.deepEqual(
    given.filter((name) => !documented.includes(name)),
    [],
  );
  const ofTelemetry = documented.filter((name) => name.startsWith('OTEL_') && name !== 'OTEL_SERVICE_NAME');
  assert.ok(ofTelemetry.length > 0);
  for (const name of ['planner', 'llm-gateway', 'tool-executor', 'memory']) {
    const environment = Object.keys(services[name]?.environment ?? {});
    assert.deepEqual(
      ofTelemetry.filter((variable) => !environment.includes(variable)),
      [],
      name,
    );
  }
});

test('.env.example and the simulator name no variable that the stack would not pass on', () => {
  const stack = text('docker-compose.yaml');
  for (const file of ['.env.example', 'deploy/simulator.env']) {
    const names = [...text(file).matchAll(/^(?:# )?([A-Z_]+)=/gm)].map(([, name = '']) => name);
    assert.ok(names.length > 0, file);
    const unknown = names.filter((name) => !stack.includes(`${name}:`) && name !== 'COMPOSE_PROFILES');
    assert.deepEqual(unknown, [], file);
  }
});

test('the versions are those of package.json, and an image carries the version of what is in it', () => {
  const fromOf = (stage: string): string => stages.find(({ name }) => name === stage)?.from ?? '';
  for (const version of Object.values(manifest.optionalDependencies)) {
    assert.ok(fromOf('node').startsWith(`node:${version}-`), version);
  }
  assert.ok(text('Dockerfile').includes(`org.opencontainers.image.version="${manifest.version}"`));
  for (const [name, { image = '', build }] of containers) {
    const official = /^(?:nats|chromadb\/chroma):([\d.]+)/.exec(fromOf(build?.target ?? ''))?.[1];
    assert.equal(image, `troupe/${build?.target ?? ''}:${official ?? manifest.version}`, name);
  }
});

test('what the files name exists: stages, commands, profiles of the kernel, manifests of all packages', () => {
  for (const [name, { build, command = [], security_opt = [] }] of containers) {
    assert.ok(
      stages.some((stage) => stage.name === build?.target),
      name,
    );
    const profiles = security_opt.flatMap((option) => /^seccomp:(.*)$/.exec(option)?.[1] ?? []);
    for (const file of [...command.slice(1, 2), ...profiles]) assert.ok(existsSync(join(root, file)), file);
  }
  const packages = stages.find(({ name }) => name === 'packages')?.lines.join('\n') ?? '';
  for (const file of globSync('{contracts,shared,setup,test,services/*}/package.json', { cwd: root })) {
    assert.ok(packages.includes(`COPY ${file} ${file.replace('package.json', '')}`), file);
  }
});

test("the browser's kernel profile forbids mounts and other kinds of namespaces, and is no profile that allows nothing else", () => {
  const profile = JSON.parse(text('deploy/chromium.seccomp.json')) as {
    syscalls: { names: string[]; action: string; args?: { value: number }[] }[];
  };
  assert.ok(profile.syscalls.every(({ action }) => action === 'SCMP_ACT_ERRNO'));
  const always = profile.syscalls.filter(({ args }) => args === undefined).flatMap(({ names }) => names);
  for (const name of ['mount', 'setns', 'ptrace', 'bpf', 'io_uring_setup', 'keyctl', 'clone3']) {
    assert.ok(always.includes(name), name);
  }
  for (const name of ['clone', 'unshare', 'chroot']) assert.ok(!always.includes(name), name);
});
