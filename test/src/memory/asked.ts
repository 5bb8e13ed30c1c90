// What later runs ask for of labelled.ts: with paraphrases that share few words with what they look for, and questions that nothing there
// answers. Data only.

export interface Asked {
  readonly query: string;
  /** The ids of what answers it; none where nothing does. */
  readonly wanted: readonly string[];
}

export const asked: readonly Asked[] = [
  // In much the same words
  { query: 'What is the total of invoice 4711?', wanted: ['inv-1'] },
  { query: 'Read the water meter again', wanted: ['home-8'] },
  { query: 'Restart the staging database', wanted: ['ops-2'] },
  { query: 'Which train from Graz to Vienna did I take on Friday?', wanted: ['trip-1'] },
  { query: 'How does Bob take his tea?', wanted: ['food-1'] },
  { query: 'When do the Christmas holidays begin?', wanted: ['fam-3'] },
  { query: 'Was the electricity bill paid?', wanted: ['inv-2'] },
  { query: 'When is the paper collected next?', wanted: ['home-3'] },
  { query: 'How full is the disk of the backup server?', wanted: ['ops-3'] },
  { query: 'Do I need a visa for Japan?', wanted: ['trip-3'] },
  { query: 'Make an appointment with the dentist', wanted: ['med-1'] },
  { query: 'Who has the spare key?', wanted: ['home-2'] },
  // In other forms and other order
  { query: 'Book flights to Madrid with the seats that I prefer', wanted: ['trip-4'] },
  { query: 'Send the new invoice to accounting', wanted: ['inv-6'] },
  { query: 'Deploy the fix to production today', wanted: ['ops-4'] },
  { query: "Plan my daughter's birthday party", wanted: ['fam-1'] },
  { query: 'Buy nuts and snacks for an evening with Anna', wanted: ['food-2'] },
  { query: 'Ask the plumber for another visit', wanted: ['home-1'] },
  { query: 'Write the monthly report for the customer Brandt', wanted: ['work-3'] },
  { query: 'Make slides for the presentation of the company', wanted: ['work-8'] },
  { query: 'May the dog eat grapes?', wanted: ['fam-6'] },
  { query: 'Reserve a table at the same restaurant, for six again', wanted: ['food-3'] },
  { query: 'Renew my passport', wanted: ['trip-5'] },
  { query: 'Why did the website go down?', wanted: ['ops-1'] },
  { query: 'How long do our browser tests run?', wanted: ['ops-7'] },
  { query: 'Which pharmacy is open tonight?', wanted: ['med-3'] },
  { query: 'Are the glasses ready at the optician?', wanted: ['med-8'] },
  { query: 'Meet Tomas and Lena about the design', wanted: ['work-2', 'work-6'] },
  { query: 'What do cars cost in Porto?', wanted: ['trip-7'] },
  { query: 'Timeouts of the payment service', wanted: ['ops-8'] },
  { query: 'Cook the lentil soup for guests', wanted: ['food-4'] },
  { query: 'Water the tomatoes while I am away', wanted: ['home-7'] },
  { query: 'Order the coffee that we like', wanted: ['food-8'] },
  // Paraphrases with hardly a word in common
  { query: 'Internet at home does not work', wanted: ['home-4'] },
  { query: 'Suggest a sport that is easy on my joints', wanted: ['med-7'] },
  { query: 'Which medicine do I swallow after getting up?', wanted: ['med-4'] },
  { query: 'Who must sign off on a purchase of 800 euros?', wanted: ['inv-7'] },
  { query: 'How can I cancel the agreement with the supplier?', wanted: ['work-4'] },
  { query: 'An animal doctor for Sunday', wanted: ['fam-7'] },
  { query: 'Where do we stay in Lisbon?', wanted: ['trip-2'] },
  // Nothing here answers these
  { query: 'Explain quantum entanglement', wanted: [] },
  { query: 'Prove that the square root of two is irrational', wanted: [] },
  { query: 'Generate a haiku about autumn leaves', wanted: [] },
  { query: 'Convert 30 miles into kilometres', wanted: [] },
  { query: 'Resize these images to 512 pixels', wanted: [] },
  { query: 'Who won the chess championship?', wanted: [] },
  { query: 'Sort a linked list in Rust', wanted: [] },
  { query: 'Capital cities of South America', wanted: [] },
  { query: 'Draw an organisation chart', wanted: [] },
  { query: 'What is the boiling point of ethanol?', wanted: [] },
];
