#!/usr/bin/env node
// `npx troupe`: starts the command line on the Node that runs TypeScript, as the other commands of the root do.
process.argv.splice(2, 0, 'services/cli/src/main.ts');
await import('../../../setup/launch.mjs');
