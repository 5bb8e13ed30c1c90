// What the runs of the bench were asked and answered: texts that resemble each other as the runs of one user do, day after day, each with
// something of its own. The n-th is always the same.
import { outcomeTexts } from '../../../services/memory/src/memory-text.ts';

const WHAT = [
  'invoice',
  'delivery',
  'contract',
  'backup',
  'meeting',
  'flight',
  'parcel',
  'report',
  'licence',
];
const DONE = ['paid', 'delayed', 'signed', 'restored', 'moved', 'booked', 'returned', 'accepted'];
const WHERE = ['Graz', 'Vienna', 'Lisbon', 'Porto', 'Zurich', 'Madrid', 'Oslo', 'Tokyo', 'Toronto', 'Lima'];
const WHO = ['Martha', 'Tomas', 'Lena', 'Anna', 'Bob', 'Mia', 'Jo', 'Kim', 'Leo', 'Ida', 'Hal'];

/** Numbers of items without a common factor, so that their combinations come round late. */
const of = (words: readonly string[], n: number): string => words[n % words.length] ?? '';

const subject = (n: number): string => `${of(WHAT, n)} ${n} of ${of(WHO, n)} in ${of(WHERE, n >> 2)}`;

export const goalOf = (n: number): string => `Check the ${subject(n)} and say what is open`;

export const answerOf = (n: number): string =>
  `The ${subject(n)} was ${of(DONE, n >> 1)} on day ${n % 365}; ${of(WHO, n >> 3)} is told, and ${(n * 37) % 9_973} euros are left.`;

/** As memory keeps the run. */
export const textOf = (n: number): string => outcomeTexts(goalOf(n), answerOf(n)).join('\n');

/** What the n-th record answers. */
export const queryFor = (n: number): string => `What is open of the ${subject(n)}?`;
