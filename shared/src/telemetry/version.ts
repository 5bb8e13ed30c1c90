// The version of this release, as micro services and traces tell it.
import package_ from '../../package.json' with { type: 'json' };

export const VERSION = package_.version;
