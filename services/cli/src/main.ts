// `npx troupe <command>`: how a command ends becomes an exit code, and what it throws a sentence.
import { StartupError } from '@troupe/shared';
import { UsageError } from './command.ts';
import { dispatch } from './dispatch.ts';
import { EXIT } from './exit-codes.ts';
import { interruption, say, tell } from './terminal.ts';

function exitCodeFor(error: unknown): number {
  if (error instanceof UsageError) return EXIT.usage;
  if (!(error instanceof StartupError)) return EXIT.unexpected;
  switch (error.failure.code) {
    case 'nats_unreachable':
    case 'nats_unauthorized':
      return EXIT.unreachable;
    case 'invalid_configuration':
    case 'invalid_env_file':
      return EXIT.usage;
    default:
      return EXIT.unexpected;
  }
}

// Whoever reads only the first lines (`| head`) has what they wanted.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? EXIT.ok : EXIT.unexpected);
});

const { signal } = interruption();
try {
  process.exitCode = await dispatch(process.argv.slice(2), signal);
} catch (error) {
  if (!signal.aborted) say(tell(error));
  process.exitCode = signal.aborted ? EXIT.interrupted : exitCodeFor(error);
}
