// Preloaded into a process (`--import`): its wall clock is wrong by TEST_CLOCK_SHIFT_MS, and jumps an hour ahead, then an hour behind,
// with each SIGUSR2. Time that passes is not touched, as on a real machine whose clock is set.
const HOUR_MS = 3_600_000;
const RealDate = Date;
let shift = Number(process.env['TEST_CLOCK_SHIFT_MS'] ?? 0);
let jumps = 0;

process.on('SIGUSR2', () => {
  shift = jumps % 2 === 0 ? HOUR_MS : -HOUR_MS;
  jumps += 1;
});

globalThis.Date = new Proxy(RealDate, {
  construct: (target, given: unknown[]) =>
    Reflect.construct(target, given.length === 0 ? [target.now() + shift] : given) as Date,
  get: (target, name) =>
    name === 'now' ? () => target.now() + shift : (Reflect.get(target, name) as unknown),
});
