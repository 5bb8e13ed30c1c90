// Imports go one way: contracts <- shared <- services <- test; setup stands alone. Each rule says why it is there.
const services = 'planner|llm-gateway|tool-executor|memory|provider-simulator|cli';
const only = (name, comment, path, allowed) => ({
  name,
  comment,
  severity: 'error',
  from: { pathNot: [...allowed, '^test/', '\\.test\\.ts$', '/test-support/'] },
  to: { path },
});

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'a cycle has no reading order',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'resolvable',
      comment: 'an import that cannot be resolved hides from every other rule',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'declared',
      comment: 'a package uses what its package.json lists',
      severity: 'error',
      from: { pathNot: ['\\.test\\.ts$', '/test-support/', '^test/'] },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'contracts-is-the-bottom',
      comment: 'the vocabulary depends on zod only',
      severity: 'error',
      from: { path: '^contracts/', pathNot: '\\.test\\.ts$' },
      to: { path: '.', pathNot: ['^contracts/', 'node_modules/zod', '^node:crypto$', '^crypto$'] },
    },
    {
      name: 'shared-knows-no-service',
      comment: 'the kernel serves services',
      severity: 'error',
      from: { path: '^shared/' },
      to: { path: '^(services|setup|test)/' },
    },
    {
      name: 'setup-stands-alone',
      comment: 'setup runs before anything else exists',
      severity: 'error',
      from: { path: '^setup/' },
      to: { path: '^(contracts|shared|services|test)/' },
    },
    {
      name: 'services-are-strangers',
      comment: 'services meet only in the log',
      severity: 'error',
      from: { path: `^services/(${services})/` },
      to: { path: '^services/', pathNot: '^services/$1/' },
    },
    {
      name: 'nobody-imports-tests',
      comment: 'source does not depend on tests',
      severity: 'error',
      from: { path: '^(contracts|shared|setup|services)/', pathNot: ['\\.test\\.ts$', '/test-support/'] },
      to: { path: ['^test/', '\\.test\\.ts$', '/test-support/'] },
    },
    {
      name: 'one-door-per-package',
      comment: 'other packages are entered by their name, not by their files',
      severity: 'error',
      from: { path: '^(contracts|shared|setup|services/[^/]+)/' },
      to: { path: '^(contracts|shared|setup)/src/', pathNot: ['^$1/', '/index\\.ts$'] },
    },
    {
      name: 'pure-core',
      comment: 'what decides does no I/O: it can be folded, replayed and tested without a server',
      severity: 'error',
      from: {
        path: '(services/planner/src/(core|workflows)/|services/llm-gateway/src/rules/|services/tool-executor/src/policy/)',
        pathNot: '\\.test\\.ts$',
      },
      to: {
        path: [
          '^shared/',
          'node_modules/(nats|pino|openai|@anthropic-ai|chromadb|playwright-core|cockatiel)/',
          '^(node:)?(fs|net|http|https|child_process|dns|timers|worker_threads)',
        ],
      },
    },
    only('nats-in-the-kernel', 'one place to change the client', 'node_modules/nats/', ['^shared/']),
    only(
      'providers-in-the-gateway',
      'only the gateway owns keys and providers',
      'node_modules/(openai|@anthropic-ai|cockatiel)/',
      ['^services/llm-gateway/', 'node_modules'],
    ),
    only('chroma-in-memory', 'only the memory service reaches the vector store', 'node_modules/chromadb/', [
      '^services/memory/',
      '^setup/',
      'node_modules',
    ]),
    only('browser-in-the-executor', 'only the executor drives browsers', 'node_modules/playwright-core/', [
      '^services/tool-executor/',
      'node_modules',
    ]),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    exclude: { path: '(^|/)(\\.local|\\.nx)/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
