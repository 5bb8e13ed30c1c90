// Long answers, and questions about details in the middle of them: what the labelled short ones cannot say about splitting. Data only.
import type { Asked } from './asked.ts';

export interface LongAnswer {
  readonly id: string;
  readonly goal: string;
  readonly answer: string;
}

export const longAnswers: readonly LongAnswer[] = [
  {
    id: 'long-review',
    goal: 'Review the architecture of the warehouse software',
    answer: `The warehouse software consists of five services and two databases. Orders arrive through a gateway that checks the signature of each partner and writes the order into a queue. From there the picking service assigns a shelf and a person, by a rule that prefers short ways over full trolleys. The rule is eleven years old and nobody who works here now has written it.

Stock is kept in a PostgreSQL database of 340 gigabytes. Its largest table, movements, grows by two million rows a week and has no partitions, so that the nightly clean-up holds locks for up to forty minutes. We recommend partitions by month and a clean-up that drops whole partitions. The second database belongs to the label printer and could be replaced by a file.

The barcode scanners speak an old protocol over UDP. About one scan in 800 is lost, and the workers have learned to scan twice, which the software counts as two movements and corrects at night. A small adapter with acknowledgements would remove both faults. The scanners themselves are supported by their maker until the end of 2028.

Access rights are the weakest part. All services share one database account with full rights, and its password stands in the configuration of every scanner. Each service should get an account of its own, and the password should be changed after the scanners have been moved to the adapter.

Backups are taken every night and were never restored until this review. The restore took six hours and forty minutes and succeeded, but the sequence of invoice numbers had to be corrected by hand. We recommend a rehearsal each quarter.`,
  },
  {
    id: 'long-tour',
    goal: 'Plan ten days in northern Portugal for four people',
    answer: `Days one to three are for Porto. Stay in the quarter Cedofeita, which is quiet at night and ten minutes on foot from the river. The cathedral is best in the early morning, before the coaches come. In the afternoon of the second day a boat goes up the Douro; the tickets are cheaper at the pier than on the web. In the evening the fish restaurants of Matosinhos grill sardines on the street.

On day four take the train to Pinhão. The line follows the river for two hours, and the right-hand side has the view. The vineyard Quinta do Monte has two rooms with a kitchen and offers a tasting with bread and olives for 25 euros a person. Bring cash, since its card reader has no signal.

Days five to seven are for the national park Peneda-Gerês. The way to the waterfall of Tahiti is short and slippery: wear shoes with a firm sole, and leave the smaller children with somebody above the pools. Wild horses stand along the road behind Castro Laboreiro, mostly before nine o'clock. The camp site in Campo do Gerês rents wooden huts with heating.

Day eight leads to Guimarães, where the palace of the dukes closes on Mondays. The cable car to the hill of Penha runs until seven in the evening. On day nine drive to Viana do Castelo; the beach of Cabedelo is reached by a ferry that takes bicycles and has a strong wind in the afternoon, good for kites and bad for umbrellas.

On the last day return the car at the airport. The petrol station two kilometres before it is open all night, and the rental company charges 60 euros if the tank is not full. The security check takes longest between five and seven in the morning.`,
  },
];

export const askedOfLong: readonly Asked[] = [
  { query: 'How many barcode scans are lost?', wanted: ['long-review'] },
  { query: 'Which database account do the services share?', wanted: ['long-review'] },
  { query: 'How long did the restore of the backup take?', wanted: ['long-review'] },
  { query: 'Partitions for the table movements', wanted: ['long-review'] },
  { query: 'Where can we taste wine at a vineyard?', wanted: ['long-tour'] },
  { query: 'What does the rental company charge if the tank is not full?', wanted: ['long-tour'] },
  { query: 'When do the wild horses stand along the road?', wanted: ['long-tour'] },
  { query: 'Does the ferry to the beach take bicycles?', wanted: ['long-tour'] },
];
