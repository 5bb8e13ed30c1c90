// The seed of this process's property tests: printed, so that TROUPE_SEED repeats a failure.
import { environment } from '@troupe/shared';

export const seed = Number(environment()['TROUPE_SEED'] ?? Date.now() % 2 ** 31);
console.log(`TROUPE_SEED=${seed}`);
