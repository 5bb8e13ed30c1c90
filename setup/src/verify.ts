// `npm run verify`: format, lint, types and import directions. Exit code 1 if any of them fails.
import { verify } from './checks/verification.ts';
import { root } from './root.ts';

const passed = await verify({ root, env: process.env }, (line) => process.stdout.write(`${line}\n`));
process.exitCode = passed ? 0 : 1;
